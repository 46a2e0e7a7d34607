// The rules for packs (the public face, their own files, packages), for the dashboard (types, and values without
// company) and for pg.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkConnections, checkPackImports, checkWebImports } from './check-imports.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seed-imports-'));
  await mkdir(join(root, 'crm', 'commands'), { recursive: true });
});
afterAll(() => rm(root, { recursive: true, force: true }));

it.each([
  ['the public face', 'crm/pack.ts', 'seed/pack', true],
  ['a file of its own', 'crm/commands/contacts.ts', '../tables.ts', true],
  ['a package', 'crm/pack.ts', 'stripe', true],
  ['the face for tests, in a test', 'crm/crm.test.ts', 'seed/testing', true],
  ['the face for tests, elsewhere', 'crm/pack.ts', 'seed/testing', false],
  ['a file of Seed', 'crm/pack.ts', '../../src/db/store.ts', false],
  ['another pack', 'crm/pack.ts', '../commerce/tables.ts', false],
])('%s', async (_, file, target, allowed) => {
  await writeFile(join(root, file), `import { x } from '${target}';\n`);
  const wrong = await checkPackImports(root);
  await rm(join(root, file));
  expect(wrong).toEqual(allowed ? [] : [expect.stringContaining(`packs/${file}`)]);
});

it.each([
  ['a file of its own', "import { Button } from '../ui/button.tsx';", true],
  ['a package', "import { useState } from 'react';", true],
  ['the types of the commands', "import type { BuiltIn } from '../../../src/server/built-in.ts';", true],
  ['a value that needs nothing', "import { SeedError } from '../../../src/protocol/errors.ts';", true],
  ['a value that needs only such files', "import { csvLine } from '../../../src/lib/csv.ts';", true],
  ['a value that needs Node in the end', "import { readDisk } from '../../../src/lib/disk.ts';", false],
  ['several lines of types', "import type {\n  Key,\n} from '../../../src/protocol/key.ts';", true],
  ['a schema, and zod with it', "import { Key } from '../../../src/protocol/key.ts';", false],
  ['a type among values', "import { type Key, KeyStatus } from '../../../src/protocol/key.ts';", false],
  ['a command', "import { listKeys } from '../../../src/server/access/commands.ts';", false],
  ['a type of the server', "import type { Store } from '../../../src/db/store.ts';", false],
  ['Node', "import { dirname, join } from 'node:path';", false],
])('the dashboard and %s', async (_, line, allowed) => {
  const web = join(root, 'web/src');
  await mkdir(join(web, 'api'), { recursive: true });
  await mkdir(join(root, 'src/protocol'), { recursive: true });
  await writeFile(join(root, 'src/protocol/errors.ts'), 'export class SeedError {}\n');
  await writeFile(join(root, 'src/protocol/key.ts'), "import { z } from 'zod';\n");
  await mkdir(join(root, 'src/lib'), { recursive: true });
  await writeFile(join(root, 'src/lib/csv.ts'), "import { decimalText } from './decimal.ts';\n");
  await writeFile(join(root, 'src/lib/decimal.ts'), 'export const decimalText = String;\n');
  await writeFile(join(root, 'src/lib/disk.ts'), "import { text } from './text.ts';\n");
  await writeFile(join(root, 'src/lib/text.ts'), "import { readFile } from 'node:fs/promises';\n");
  await writeFile(join(web, 'api/file.ts'), `${line}\n`);
  expect(await checkWebImports(web)).toEqual(allowed ? [] : [expect.stringContaining('web/src/api/file.ts')]);
});

it.each([
  ['a value, elsewhere', 'server/access/keys.ts', "import { Client } from 'pg';", false],
  ['values in several lines', 'server/main.ts', "import {\n  Pool,\n  types,\n} from 'pg';", false],
  ['a type', 'server/access/keys.ts', "import type { QueryResult } from 'pg';", true],
  ['a value, where connections are made', 'db/connection.ts', "import { Client } from 'pg';", true],
])('of pg %s', async (_, file, line, allowed) => {
  const src = await mkdtemp(join(root, 'src-'));
  await mkdir(join(src, dirname(file)), { recursive: true });
  await writeFile(join(src, file), `${line}\n`);
  expect(await checkConnections(src)).toEqual(allowed ? [] : [expect.stringContaining(`src/${file}`)]);
});
