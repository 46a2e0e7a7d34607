// What `npm run check` finds wrong with a structure, each in a tree made for it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { layoutTable } from './layout.ts';
import { structureOf } from './structure.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'seed-structure-'));
  await put('web/src/main.tsx', '');
  await put('docs/architecture.md', layoutTable());
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

async function wrong(files: Record<string, string>): Promise<string[]> {
  for (const [file, text] of Object.entries(files)) await put(file, text);
  return (await structureOf(`${root}/`)).wrong;
}

test('imports that go one way are right', async () => {
  const files = {
    'src/protocol/page.ts': '',
    'src/server/http/routes.ts': "import type { Page } from '../../protocol/page.ts';",
    'src/server/access/keys.ts': "import { routes } from '../http/routes.ts';",
  };
  expect(await wrong(files)).toEqual([]);
});

test('files and folders in a circle are found, of types too, in the dashboard too', async () => {
  const files = {
    'src/lib/a.ts': "import type { B } from './b.ts';",
    'src/lib/b.ts': "import { a } from './a.ts';",
    'web/src/routes/tasks/list.tsx': "import { Bar } from '../../ui/bar.tsx';",
    'web/src/ui/bar.tsx': 'export const Bar = 1;',
    'web/src/ui/foot.tsx': "import { x } from '../routes/tasks/other.tsx';",
    'web/src/routes/tasks/other.tsx': '',
  };
  expect(await wrong(files)).toEqual([
    'src: imports in a circle: lib/a.ts ↔ lib/b.ts',
    'web/src: imports in a circle: routes ↔ ui',
  ]);
});

test('an import against the table is found at both levels', async () => {
  const files = {
    'src/protocol/page.ts': "import { log } from '../lib/log.ts';",
    'src/lib/log.ts': '',
    'src/server/http/routes.ts': "import { list } from '../tasks/list.ts';",
    'src/server/tasks/list.ts': '',
  };
  expect(await wrong(files)).toEqual([
    'src/protocol/page.ts: protocol may not import from lib',
    'src/server/http/routes.ts: server/http may not import from server/tasks',
  ]);
});

test('a noun in three folders is scattered', async () => {
  const files = Object.fromEntries(
    ['tasks/list', 'mcp/task-view', 'http/task'].map((file) => [`src/server/${file}.ts`, '']),
  );
  expect(await wrong(files)).toEqual(['task: in 3 folders of src/server: http, mcp, tasks']);
});

test('an interface that repeats a schema is found', async () => {
  const files = {
    'src/protocol/key.ts':
      'export const Key = z.object({\n  id: z.uuid(),\n  name: z.string(),\n  scopes: Scopes,\n  at: Moment,\n});\n',
    'src/server/access/keys.ts':
      'interface KeyRow {\n  /** Its id. */\n  id: string;\n  name: string;\n  at?: { of: string };\n  readonly scopes: string[];\n}\n',
  };
  expect(await wrong(files)).toEqual([
    expect.stringMatching(/^(Key|KeyRow) .*, (Key|KeyRow) .*: the same fields$/),
  ]);
});

test('a file that is too long, a comment too wide, and a page that tells another table, are found', async () => {
  const wide = `  // ${'é'.repeat(111)}\n`;
  const files = {
    'src/lib/long.ts': `${wide}${wide.replace('é', '')}${'\n'.repeat(349)}`,
    'docs/architecture.md': '| `src/protocol` | lib |',
  };
  expect(await wrong(files)).toEqual([
    'src/lib/long.ts is longer than 350 lines',
    'src/lib/long.ts:1: a comment wider than 115 columns',
    expect.stringContaining('docs/architecture.md has another table of imports'),
  ]);
});
