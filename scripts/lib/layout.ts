// The layout as a table: which folder may import from which. docs/architecture.md shows the same table, and a
// check compares them.

import type { Graph } from './import-graph.ts';

/**
 * Folder of src/ → folders of src/ that it may import from. `(top)` stands for files that lie in the folder
 * itself.
 */
const FOLDERS: Record<string, readonly string[]> = {
  protocol: [],
  lib: ['protocol'],
  db: ['protocol', 'lib'],
  command: ['protocol', 'lib', 'db'],
  scripted: ['protocol', 'lib'],
  pack: ['protocol', 'lib', 'db', 'command', 'scripted', 'openapi'],
  openapi: ['protocol', 'lib'],
  server: ['protocol', 'lib', 'db', 'command', 'scripted', 'pack', 'openapi'],
  guest: ['protocol', 'lib'],
  drivers: ['protocol', 'lib', 'guest'],
  runner: ['protocol', 'lib', 'drivers'],
  cli: ['protocol', 'lib', 'db', 'openapi', 'drivers', 'server'],
  '(top)': ['protocol', 'lib'],
};

/** The same within folders that have several nouns. */
const INSIDE: Record<string, Record<string, readonly string[]>> = {
  server: {
    ledger: [],
    grants: ['ledger'],
    credentials: [],
    http: ['ledger'],
    webhooks: ['http'],
    access: ['http', 'webhooks', 'grants'],
    spending: ['access'],
    approvals: ['http', 'access', 'webhooks', 'ledger'],
    templates: ['http', 'access'],
    tasks: ['http', 'access', 'webhooks', 'spending', 'ledger', 'grants', 'credentials', 'approvals', 'templates'],
    files: ['http', 'access', 'tasks'],
    forgetting: ['http', 'access', 'webhooks', 'tasks', 'files'],
    accounts: ['http', 'access', 'tasks', 'files', 'forgetting'],
    runners: ['http', 'tasks', 'files', 'access', 'spending'],
    models: ['http', 'access', 'spending', 'tasks'],
    background: ['http', 'access', 'ledger'],
    schedules: ['http', 'access', 'webhooks', 'ledger', 'grants', 'tasks', 'background'],
    batches: ['http', 'webhooks', 'spending', 'tasks', 'templates', 'background', 'schedules'],
    packs: ['http', 'webhooks', 'grants', 'templates', 'schedules'],
    mcp: ['http'],
    telemetry: ['http', 'spending', 'tasks', 'models'],
    dashboard: ['http'],
    '(top)': [
      ...['ledger', 'http', 'webhooks', 'access', 'spending', 'tasks', 'files', 'runners', 'models'],
      ...[
        'grants',
        'approvals',
        'credentials',
        'packs',
        'mcp',
        'telemetry',
        'dashboard',
        'background',
        'batches',
        'schedules',
        'templates',
        'forgetting',
        'accounts',
      ],
    ],
  },
};

/** @param graph of src/. @returns a line for each import that the table does not allow */
export function againstLayout(graph: Graph): string[] {
  return [...graph].flatMap(([file, targets]) =>
    [...targets].flatMap((target) => {
      const [from, to] = [folderOf(file), folderOf(target)];
      if (from !== to)
        return mayImport(FOLDERS, from, to) ? [] : [`src/${file}: ${from} may not import from ${to}`];
      const inside = INSIDE[from];
      if (!inside) return [];
      const [nearer, further] = [folderOf(file.slice(from.length + 1)), folderOf(target.slice(from.length + 1))];
      if (nearer === further || mayImport(inside, nearer, further)) return [];
      return [`src/${file}: ${from}/${nearer} may not import from ${from}/${further}`];
    }),
  );
}

function mayImport(table: Record<string, readonly string[]>, from: string, to: string): boolean {
  return table[from]?.includes(to) ?? false;
}

const folderOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '(top)');

/** The table as docs/architecture.md has it. */
export function layoutTable(): string {
  const rows = [
    ...Object.entries(FOLDERS).map(([folder, from]) => row(inSource(folder), from)),
    ...Object.entries(INSIDE).flatMap(([parent, folders]) =>
      Object.entries(folders).map(([folder, from]) => row(`src/${parent}/${shown(folder)}`, from)),
    ),
  ];
  const cells = [['folder', 'may import from'], ...rows];
  const widths = [0, 1].map((column) => Math.max(...cells.map((cell) => cell[column]?.length ?? 0)));
  const line = (cell: readonly string[]) =>
    `| ${cell.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...others] = cells;
  const rule = widths.map((width) => '-'.repeat(width));
  return [head, rule, ...others].map(line).join('\n');
}

const row = (folder: string, from: readonly string[]) => [`\`${folder}\``, from.join(', ') || '–'];
const shown = (folder: string) => (folder === '(top)' ? '*.ts' : folder);
const inSource = (folder: string) => `src/${shown(folder)}`;
