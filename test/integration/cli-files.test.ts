// The CLI sends files with a task and downloads artifacts, against a real server.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cli, handedOutCli } from '../fixtures/cli-process.ts';
import { manifest } from '../fixtures/cli-server.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let runner: TestRunner;
let cli: Cli;
beforeAll(async () => {
  server = await startTestServer();
  runner = server.runner();
  await runner.appear();
  cli = await handedOutCli(manifest, { SEED_API_URL: server.url, SEED_API_KEY: server.adminKey });
});
afterAll(async () => {
  await cli?.remove();
  await server?.stop();
});

const at = (name: string) => join(cli.home, name);
const runTask = (...files: string[]) =>
  cli.run(['tasks', 'run', 'x', '--detach', '--json', ...files.flatMap((file) => ['--file', file])]);

/** A running task with these artifacts. */
async function taskWith(artifacts: Record<string, string | Uint8Array<ArrayBuffer>>): Promise<string> {
  await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'x' } });
  const lease = await runner.lease();
  for (const [name, content] of Object.entries(artifacts))
    expect(await runner.put(lease, name, content)).toBe(204);
  return lease.taskId;
}
const get = (id: string, name: string, ...flags: string[]) =>
  cli.run(['tasks', 'artifacts', 'get', id, name, ...flags]);

it('sends files of any size and content under their own or another name', async () => {
  const bytes = randomBytes(2_000_000);
  await writeFile(at('big.bin'), bytes);
  await writeFile(at('a=b.txt'), 'equals');
  await writeFile(at('empty'), '');
  const { code, stdout, stderr } = await runTask(at('big.bin'), at('a=b.txt'), `${at('empty')}=data/"März".csv`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { task } = JSON.parse(stdout);
  expect(task.files).toMatchObject([
    { name: 'big.bin', size: 2_000_000 },
    { name: 'a=b.txt', size: 6 },
    { name: 'data/"März".csv', size: 0 },
  ]);
  const lease = await runner.lease();
  const headers = { authorization: `Bearer ${server.runnerToken}`, 'seed-lease': lease.leaseId };
  const response = await fetch(`${server.url}/runner/v1/tasks/${lease.taskId}/files?name=big.bin`, {
    headers,
  });
  expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  await runner.settle(lease);
});

it('says which file is missing or misnamed before it sends anything', async () => {
  await writeFile(at('there'), 'x');
  expect(await runTask(at('missing'))).toMatchObject({ code: 2, stderr: expect.stringContaining('missing') });
  expect(await runTask(`${at('there')}=../x`)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('".."'),
  });
  expect(await runTask(cli.home)).toMatchObject({ code: 2 });
  const { body } = await server.call('GET', '/api/v1/tasks?status=queued');
  expect(body.items).toEqual([]);
});

it('what the server refuses is told as ever', async () => {
  await writeFile(at('same'), 'x');
  const { code, stderr } = await runTask(at('same'), at('same'));
  expect(code).toBe(1);
  expect(stderr).toContain('the name "same" is there twice');
});

it('help names the flags', async () => {
  const run = await cli.run(['tasks', 'run', '--help']);
  expect(run.stdout).toMatch(/--file <path\[=name\]> +Files that the agent finds.*\(repeat the flag\)/s);
  const download = await cli.run(['tasks', 'artifacts', 'get', '--help']);
  expect(download.stdout).toContain('seed tasks artifacts get <id> <name>');
  expect(download.stdout).toContain('--output <path>');
  expect(download.stdout).not.toContain('--csv');
});

it('lists artifacts, and downloads them to stdout, to a file and into a folder', async () => {
  const bytes = new Uint8Array(randomBytes(1_000_000));
  const id = await taskWith({ 'reports/März.csv': 'a,b\n', 'big.bin': bytes });
  const list = await cli.run(['tasks', 'artifacts', 'list', id]);
  expect(list.stdout).toMatch(/big\.bin +1000000/);
  expect(await get(id, 'reports/März.csv')).toEqual({ code: 0, stdout: 'a,b\n', stderr: '' });

  const file = await get(id, 'big.bin', '--output', at('copy.bin'));
  expect(file).toEqual({ code: 0, stdout: '', stderr: `${at('copy.bin')}: 1000000 bytes\n` });
  expect((await readFile(at('copy.bin'))).equals(bytes)).toBe(true);

  await mkdir(at('folder'));
  expect((await get(id, 'reports/März.csv', `--output=${at('folder')}/`, '--quiet')).stderr).toBe('');
  expect(await readdir(at('folder'))).toEqual(['März.csv']);
});

it('what cannot be downloaded leaves everything as it was', async () => {
  const id = await taskWith({ a: 'new' });
  await writeFile(at('kept'), 'old');
  const missing = await get(id, 'b', '--output', at('kept'));
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('no artifact "b"') });
  expect(await readFile(at('kept'), 'utf8')).toBe('old');
  expect(await get(id, 'a', '--csv')).toMatchObject({ code: 2 });
  expect(await get(id, 'a', '--output', at('no/such/folder/x'))).toMatchObject({ code: 1 });
});

it('a link in the way is replaced, not followed', async () => {
  const id = await taskWith({ a: 'new' });
  await writeFile(at('elsewhere'), 'old');
  await symlink(at('elsewhere'), at('link'));
  expect((await get(id, 'a', '--output', at('link'))).code).toBe(0);
  expect(await readFile(at('elsewhere'), 'utf8')).toBe('old');
  expect(await readFile(at('link'), 'utf8')).toBe('new');
});
