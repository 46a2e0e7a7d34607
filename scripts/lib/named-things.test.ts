// What Seed's texts name is there: a hint that sends somebody to a command, page, file or variable that nobody
// made is worse than none. Every string of the source is looked at, hints, messages and help among them.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { parseAst } from 'vite';
import { describe, expect, it } from 'vitest';
import { HELLO, SCRIPTS } from '../../src/cli/init-files.ts';
import { LOCAL_COMMANDS } from '../../src/cli/local-commands.ts';
import { BUILT_IN } from '../../src/server/built-in.ts';
import { CONFIG_FILE, EXAMPLES_FOLDER, loadPacks, placesIn } from '../../src/server/packs/load-packs.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8');

interface Text {
  file: string;
  /** With `…` where something is put in. */
  text: string;
}

const SOURCES = globSync(['src/**/*.ts', 'scripts/**/*.ts', 'web/src/**/*.{ts,tsx}', '{packs,examples}/**/*.ts'], {
  cwd: ROOT,
});
const TEXTS: Text[] = SOURCES.filter((file) => !file.endsWith('.test.ts')).flatMap(textsOf);

function textsOf(file: string): Text[] {
  const found: Text[] = [];
  const walk = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    const { type, value, quasis } = node as {
      type?: string;
      value?: unknown;
      quasis?: { value: { cooked: string } }[];
    };
    if (type === 'Literal' && typeof value === 'string') found.push({ file, text: value });
    if (type === 'TemplateLiteral')
      found.push({ file, text: quasis?.map((part) => part.value.cooked).join('…') ?? '' });
    for (const child of Object.values(node)) walk(child);
  };
  walk(parseAst(read(file), { lang: file.endsWith('x') ? 'tsx' : 'ts' }));
  return found;
}

/** Each thing of a kind that is named, with a file that does. */
function named(pattern: RegExp): [thing: string, file: string][] {
  const found = new Map<string, string>();
  for (const { file, text } of TEXTS) for (const [, thing = ''] of text.matchAll(pattern)) found.set(thing, file);
  return [...found];
}

const LIBRARY = new URL('../../examples/05-a-pack/', import.meta.url);
const own = { folder: LIBRARY, examples: EXAMPLES_FOLDER, config: CONFIG_FILE };
const examples = (await placesIn(EXAMPLES_FOLDER, 'examples/')).map(({ setting }) => setting);
const packs = await loadPacks({ ...own, only: ['library', ...examples] }, BUILT_IN);
const COMMANDS = [...BUILT_IN, ...LOCAL_COMMANDS, ...packs.flatMap(({ commands }) => commands)].map(({ name }) =>
  name.split(' '),
);
// That of the folder which `seed init` makes.
COMMANDS.push([...HELLO]);
// In a sandbox whose task is to answer with a value (src/guest/finish-program.ts).
COMMANDS.push(['finish']);
/** "seed …" that is no command line: prose, and the purpose of a key. */
const NO_COMMAND_LINES = ['seed command', 'seed idempotency'];
/** What a bundle has a list in the place of, and what a receiver of webhooks would call it. */
const NO_SETTINGS = ['SEED_MANIFEST_JSON', 'SEED_WEBHOOK_SECRET'];

function isCommandLine(words: readonly string[]): boolean {
  return COMMANDS.some((name) => name.every((word, index) => words[index] === undefined || words[index] === word));
}

const headings = (page: string) =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );

describe('what the texts name is there', () => {
  it.each(
    named(/(?<![\w./-])seed ([a-z][a-z-]*(?: [a-z][a-z-]*){0,2})/g).filter(
      ([thing]) => !NO_COMMAND_LINES.some((text) => `seed ${thing}`.startsWith(text)),
    ),
  )('the command seed %s of %s', (thing) => {
    expect(isCommandLine(thing.split(' '))).toBe(true);
  });

  it.each(named(/(docs\/[\w-]+\.md(?:#[\w-]+)?)/g))('the page %s of %s', (thing) => {
    const [page = '', anchor] = thing.split('#');
    expect(existsSync(ROOT + page)).toBe(true);
    if (anchor !== undefined) expect(headings(page)).toContain(anchor);
  });

  it.each(named(/(?<![\w./-])((?:scripts|src|bench)\/[\w./-]*\w|bin\/seed)/g))('the file %s of %s', (thing) => {
    expect(existsSync(ROOT + thing)).toBe(true);
  });

  it.each(named(/npm (run [\w:-]+|start|test)(?![\w-])/g))('the script npm %s of %s', (thing) => {
    // Those of the folder which `seed init` makes are there for its adopters.
    const scripts = { ...JSON.parse(read('package.json')).scripts, ...SCRIPTS };
    expect(scripts).toHaveProperty(thing.replace('run ', ''));
  });

  it.each(
    named(/\b((?:SEED|SANDBOX|OPENROUTER)_[A-Z0-9]+(?:_[A-Z0-9]+)*|DATABASE_URL)(?![A-Z0-9_…])/g).filter(
      ([thing]) => !NO_SETTINGS.includes(thing),
    ),
  )('the variable %s of %s', (thing) => {
    const pages = ['README.md', ...globSync('docs/*.md', { cwd: ROOT })].map(read).join('\n');
    expect(pages, 'it is documented').toMatch(new RegExp(`\\b${thing}\\b`));
    expect(
      TEXTS.some(({ text }) => text === thing),
      'something reads it',
    ).toBe(true);
  });
});

it('finds what there is not', () => {
  expect(isCommandLine(['keys', 'recover'])).toBe(true);
  expect(isCommandLine(['webhooks', 'deliveries'])).toBe(true);
  expect(isCommandLine(['keys', 'restore'])).toBe(false);
  expect(named(/\b(SEED_ADMIN_KEY)\b/g)).toHaveLength(1);
});
