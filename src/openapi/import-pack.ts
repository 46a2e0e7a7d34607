// `seed packs import`: writes the pack of an OpenAPI document. What people may have changed is left as it is.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { parseJson } from '../lib/json.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Choice, LeftOut } from './find-operations.ts';
import { changesSince, type InputChange, inputChangesSince, type OperationChanges } from './import-changes.ts';
import { type LoadedDocument, loadDocument } from './load-document.ts';
import { mapDocument } from './map-document.ts';
import { OperationsFile } from './operation.ts';

export interface ImportOptions {
  /** A URL, or a path from the current folder. */
  source: string;
  name: string;
  /** The security scheme whose credential the server holds; undefined: that of most operations. */
  scheme?: string | undefined;
  /** Which operations; undefined: those of the last import, which are all unless it said otherwise. */
  choice?: Choice | undefined;
  /** Origins that files of the document may come from, besides its own. */
  allowedOrigins?: readonly string[];
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
  /** What the operations are called as commands, unless overrides.json says otherwise. */
  taken: { operation: string; command: string }[];
  leftOut: LeftOut[];
  partly: LeftOut[];
  /** How many operations were not asked for, and what was asked for. */
  notChosen: number;
  chosen: Choice | null;
  /** Files that the document refers to and that are not to be had. */
  missing: LoadedDocument['missing'];
  /** Of the document as it is read, and of operations.json, in bytes. */
  size: { files: number; bytes: number; operations: number };
  /** Since the last import, by operation; null: this is the first. */
  changes: OperationChanges | null;
  /** Of those that changed: what of their inputs did. */
  inputChanges: InputChange[];
  files: URL[];
}

export interface PreparedImport {
  report: ImportReport;
  imported: OperationsFile;
  /** overrides.json as it is, or will be. */
  overrides: string;
  write(): Promise<void>;
}

/** @throws SeedError usage, conflict, not_allowed, unreachable */
export async function importPack(options: ImportOptions): Promise<ImportReport> {
  const { report, write } = await prepareImport(options);
  await write();
  return report;
}

/** All of an import but that anything is written. @throws like importPack */
export async function prepareImport(options: ImportOptions): Promise<PreparedImport> {
  const { source, name, scheme, folder, allowedOrigins = [] } = options;
  const target = new URL('operations.json', folder);
  if (existsSync(folder) && !existsSync(target)) {
    throw new SeedError('conflict', `packs/${name} is there already, and not imported`, {
      hint: 'Choose another --name.',
    });
  }
  const before = existsSync(target) ? earlierImport(await readFile(target, 'utf8')) : null;
  const loaded = await loadDocument(source, allowedOrigins);
  const choice = options.choice ?? before?.chosen ?? { only: [], except: [] };
  const mapped = mapDocument(loaded.document, scheme, { choice, before: before?.operations ?? [] });
  const { file, leftOut, partly, notChosen } = mapped;
  if (file.operations.length === 0)
    throw new SeedError('usage', 'the document has no operation that can be a command', {
      hint: leftOut[0] ? `${leftOut[0].operation}: ${leftOut[0].why}` : 'Its paths are empty.',
    });
  const imported: OperationsFile = { ...file, sha256: loaded.sha256 };
  const text = operationsFile(imported);
  const own = { 'pack.ts': packFile(name, imported.title), 'overrides.json': OVERRIDES_FILE };
  const missing = Object.entries(own).filter(([path]) => !existsSync(new URL(path, folder)));
  const current = imported.operations.filter(({ deprecated }) => !deprecated);
  const nouns = [...Map.groupBy(current, ({ noun }) => noun)].map(([noun, members]) => [noun, members.length]);
  const { title, version, server, credential, chosen = null } = imported;
  const overriding = new URL('overrides.json', folder);
  return {
    report: {
      title,
      version,
      commands: current.length,
      deprecated: imported.operations.length - current.length,
      nouns: Object.fromEntries(nouns),
      server,
      credential,
      taken: current.map(({ id, noun, verb }) => ({ operation: id, command: `${noun} ${verb}` })),
      leftOut,
      partly,
      notChosen,
      chosen,
      missing: loaded.missing,
      size: { files: loaded.files, bytes: loaded.bytes, operations: Buffer.byteLength(text) },
      changes: before && changesSince(before.operations, imported.operations),
      inputChanges: before ? inputChangesSince(before.operations, imported.operations) : [],
      files: [target, ...missing.map(([path]) => new URL(path, folder))],
    },
    imported,
    overrides: existsSync(overriding) ? await readFile(overriding, 'utf8') : OVERRIDES_FILE,
    async write() {
      await mkdir(folder, { recursive: true });
      await writeFile(target, text);
      for (const [path, content] of missing) await writeFile(new URL(path, folder), content);
    },
  };
}

/** A broken file is written anew, and everything in it is. */
function earlierImport(text: string): Pick<OperationsFile, 'operations' | 'chosen'> {
  return OperationsFile.safeParse(parseJson(text)).data ?? { operations: [] };
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
