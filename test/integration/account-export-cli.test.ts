// seed accounts export: one file that is there whole or not at all, also behind a line that breaks.
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cli, repositoryCli } from '../fixtures/cli-process.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { newTenant, type Tenant } from '../fixtures/tenants.ts';

const exec = promisify(execFile);
let server: TestServer;
let account: Tenant;
let cli: Cli;
beforeAll(async () => {
  server = await startTestServer();
  account = await newTenant(server, 'by hand');
  await account.post('/tasks/run', { instruction: 'hi' });
  cli = await repositoryCli({ SEED_API_URL: server.url, SEED_API_KEY: account.secret });
});
afterAll(async () => {
  await cli?.remove();
  await server?.stop();
});

const exportTo = (out: string, ...more: string[]) => cli.run(['accounts', 'export', '--out', out, ...more]);
const filesIn = async () => (await readdir(cli.home)).filter((name) => name.startsWith('acme')).sort();

it('is whole, and goes on with what an earlier attempt has left', { timeout: 180_000 }, async () => {
  const out = join(cli.home, 'acme.tar.gz');
  const { code, stdout, stderr } = await exportTo(out, '--json');
  expect([code, stderr]).toEqual([0, '']);
  const { export: made } = JSON.parse(stdout);
  expect(made).toMatchObject({ accountId: account.id, status: 'ready', counts: { tasks: 1 } });
  const { stdout: names } = await exec('tar', ['tzf', out]);
  expect(names.split('\n')).toEqual(expect.arrayContaining(['tasks/000001.jsonl', 'manifest.json', 'SHA256SUMS']));

  // Garbage goes; what is whole is not asked for again.
  const again = join(cli.home, 'acme-again.tar.gz');
  const unfinished = `${again}.${made.id}.unfinished`;
  for (const left of [Buffer.from('garbage'), await readFile(out)]) {
    await writeFile(unfinished, left);
    expect((await exportTo(again, '--export', made.id)).code).toBe(0);
    expect(await readFile(again)).toEqual(await readFile(out));
  }
  expect(await filesIn()).toEqual(['acme-again.tar.gz', 'acme.tar.gz']);
});

it('has nothing under the name when it fails, and says why', { timeout: 180_000 }, async () => {
  const before = await filesIn();
  const narrow = await account.post('/keys', { name: 'narrow', scopes: ['keys:read'] });
  const out = join(cli.home, 'acme-never.tar.gz');
  const refused = await cli.run(['accounts', 'export', '--out', out], { env: { SEED_API_KEY: narrow.secret } });
  expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('accounts:export')]);
  const other = await exportTo(out, '--account', crypto.randomUUID());
  expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('there is no account')]);
  expect(await filesIn()).toEqual(before);
});
