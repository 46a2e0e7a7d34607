// Types that are written twice: an interface, or the shape of a schema, with the same fields as another.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Fewer fields are alike by chance. */
const FEWEST_FIELDS = 4;
const BEGINS =
  /(?:^|\n)(?:export )?(?:interface (\w+)[^{\n]*\{|type (\w+)[^\n]*= \{|const (\w+) = z\s*\.(?:strict|loose)?[oO]bject\(\{)/g;
const FIELD = /^(?:readonly )?(\w+)\??\s*[:(]/;

interface Shape {
  name: string;
  file: string;
  fields: string;
}

/** @returns a line for each group of shapes alike below the roots; tests are left out */
export async function doubledTypes(roots: readonly string[]): Promise<string[]> {
  const shapes = (await Promise.all(roots.map(shapesBelow))).flat();
  const groups = Map.groupBy(shapes, ({ fields }) => fields);
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => `${group.map(({ name, file }) => `${name} (${file})`).join(', ')}: the same fields`);
}

async function shapesBelow(root: string): Promise<Shape[]> {
  const files = (await readdir(root, { recursive: true })).filter(
    (file) => /\.tsx?$/.test(file) && !file.includes('.test.'),
  );
  const found = await Promise.all(
    files.map(async (file) => shapesIn(await readFile(join(root, file), 'utf8'), file)),
  );
  return found.flat();
}

function shapesIn(text: string, file: string): Shape[] {
  return [...text.matchAll(BEGINS)].flatMap((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? '';
    const fields = fieldsOf(text, match.index + match[0].length);
    return fields.length < FEWEST_FIELDS ? [] : [{ name, file, fields: fields.sort().join(' ') }];
  });
}

/** The names of the fields between the brace before `start` and the one that closes it. */
function fieldsOf(text: string, start: number): string[] {
  const fields: string[] = [];
  let depth = 1;
  for (const line of text.slice(start).split('\n')) {
    const code = line.replace(/\/\/.*$|'(?:\\.|[^'\\])*'|\/\*.*?\*\//g, '').trim();
    const [, name] = depth === 1 && !code.startsWith('*') ? (FIELD.exec(code) ?? []) : [];
    if (name) fields.push(name);
    for (const char of code) {
      if ('{(['.includes(char)) depth += 1;
      if ('})]'.includes(char)) depth -= 1;
      if (depth === 0) return fields;
    }
  }
  return fields;
}
