// `seed packs import`: writes the pack of an OpenAPI document. What people may have changed is left as it is.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { parseJson } from '../lib/json.ts';
import { SeedError } from '../protocol/errors.ts';
import { parseDocument, readSource } from './document.ts';
import { type LeftOut, mapDocument } from './map-document.ts';
import type { Operation, OperationsFile } from './operation.ts';

interface ImportOptions {
  /** A URL, or a path from the current folder. */
  source: string;
  name: string;
  /** The security scheme whose credential the server holds; undefined: that of most operations. */
  scheme?: string | undefined;
  folder: URL;
}

export interface ImportReport {
  title: string;
  version: string;
  /** How many operations became commands; deprecated ones count where overrides.json asks for them. */
  commands: number;
  deprecated: number;
  nouns: Record<string, number>;
  server: string | null;
  credential: OperationsFile['credential'];
  leftOut: LeftOut[];
  partly: LeftOut[];
  /** Since the last import, by operation; null: this is the first. */
  changes: { added: string[]; changed: string[]; removed: string[] } | null;
  files: URL[];
}

/** @throws SeedError usage, conflict, unreachable */
export async function importPack({ source, name, scheme, folder }: ImportOptions): Promise<ImportReport> {
  const target = new URL('operations.json', folder);
  if (existsSync(folder) && !existsSync(target)) {
    throw new SeedError('conflict', `packs/${name} is there already, and not imported`, {
      hint: 'Choose another --name.',
    });
  }
  const text = await readSource(source);
  const { file, leftOut, partly } = mapDocument(parseDocument(text), scheme);
  if (file.operations.length === 0)
    throw new SeedError('usage', 'the document has no operation that can be a command', {
      hint: leftOut[0] ? `${leftOut[0].operation}: ${leftOut[0].why}` : 'Its paths are empty.',
    });
  const imported: OperationsFile = { ...file, sha256: createHash('sha256').update(text).digest('hex') };
  const changes = existsSync(target) ? changesSince(await readFile(target, 'utf8'), imported) : null;
  await mkdir(folder, { recursive: true });
  await writeFile(target, operationsFile(imported));
  const own = { 'pack.ts': packFile(name, imported.title), 'overrides.json': OVERRIDES_FILE };
  const missing = Object.entries(own).filter(([path]) => !existsSync(new URL(path, folder)));
  for (const [path, content] of missing) await writeFile(new URL(path, folder), content);
  const current = imported.operations.filter(({ deprecated }) => !deprecated);
  const { title, version, server, credential } = imported;
  const nouns = [...Map.groupBy(current, ({ noun }) => noun)].map(([noun, members]) => [noun, members.length]);
  return {
    title,
    version,
    commands: current.length,
    deprecated: imported.operations.length - current.length,
    nouns: Object.fromEntries(nouns),
    server,
    credential,
    leftOut,
    partly,
    changes,
    files: [target, ...missing.map(([path]) => new URL(path, folder))],
  };
}

function changesSince(text: string, { operations }: OperationsFile): ImportReport['changes'] {
  const byId = (list: readonly Operation[]) => new Map(list.map((each) => [each.id, JSON.stringify(each)]));
  // A broken file is written anew, and everything in it is.
  const before = byId((parseJson(text) as OperationsFile | null | undefined)?.operations ?? []);
  const now = byId(operations);
  const ids = [...now.keys()];
  return {
    added: ids.filter((id) => !before.has(id)),
    changed: ids.filter((id) => before.has(id) && before.get(id) !== now.get(id)),
    removed: [...before.keys()].filter((id) => !now.has(id)),
  };
}

/** One line for each operation, so that a later import shows as the operations that it changes. */
function operationsFile({ operations, ...about }: OperationsFile): string {
  const head = JSON.stringify(about).slice(0, -1);
  return `${head},"operations":[\n${operations.map((operation) => JSON.stringify(operation)).join(',\n')}\n]}\n`;
}

export function packFile(name: string, title: string): string {
  return `// The commands of ${title.replace(/[^\x20-\x7e]/g, '?')}: operations.json, which \`seed packs import\` writes, changed by overrides.json.
import { definePack, importedCommands } from 'seed/pack';

export const pack = definePack({
  name: '${name}',
  title: ${quoted(title)},
  commands: importedCommands('${name}', import.meta.url),
});
`;
}

const OVERRIDES_FILE = '{\n  "accounts": "operator",\n  "nouns": {},\n  "operations": {}\n}\n';

/** In the repository's style: single quotes unless the text has some. */
const quoted = (text: string) => (text.includes("'") || text.includes('\\') ? JSON.stringify(text) : `'${text}'`);
