// The files of an imported pack.
import type { OperationsFile } from './operation.ts';

/** One line for each operation, so that a later import shows as the operations that it changes. */
export function operationsFile({ operations, ...about }: OperationsFile): string {
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

export const OVERRIDES_FILE = `{
  "accounts": "operator",
  "nouns": {},
  "operations": {}
}
`;

/** In the repository's style: single quotes unless the text has some. */
function quoted(text: string): string {
  return text.includes("'") || text.includes('\\') ? JSON.stringify(text) : `'${text}'`;
}
