// The export of an account: what is in the archive, what never is, and what becomes of it when servers die.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportedTables, LEFT_OUT } from '../../src/server/accounts/export-lines.ts';
import { HOLDINGS } from '../../src/server/forgetting/holdings.ts';
import { rowsOf } from '../fixtures/database.ts';
import { until } from '../fixtures/seed.ts';
import { type AnyBody, startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';
import { fillTenant, newTenant, type Tenant } from '../fixtures/tenants.ts';

const exec = promisify(execFile);
let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer({ packs: withExamples('crm') });
  folder = await mkdtemp(join(tmpdir(), 'seed-export-test-'));
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const call = (method: string, path: string, key?: string) =>
  server.call(method, `/api/v1/accounts/${path}`, { ...(key && { key }) });

/** Asks for an export, waits until it is made, and unpacks it. Returns the folder and what was told of it. */
async function exported({ id, secret }: Tenant, name: string): Promise<{ at: string; made: AnyBody }> {
  const { status, body } = await call('POST', `${id}/exports`, secret);
  expect(status, JSON.stringify(body)).toBe(202);
  const made = await until('it is made', async () => {
    const { body: seen } = await call('GET', `${id}/exports/${body.export.id}`, secret);
    expect(seen.export.error).toBeNull();
    return seen.export.status === 'ready' && seen.export;
  });
  const at = join(folder, name);
  const archive: Buffer[] = [];
  for (const { number } of made.parts) {
    const answer = await fetch(`${server.url}/api/v1/accounts/${id}/exports/${made.id}/parts/${number}`, {
      headers: { authorization: `Bearer ${secret}` },
    });
    archive.push(Buffer.from(await answer.arrayBuffer()));
  }
  await exec('mkdir', [at]);
  await writeFile(`${at}.tar.gz`, Buffer.concat(archive));
  await exec('tar', ['xzf', `${at}.tar.gz`, '-C', at]);
  return { at, made };
}

async function textsOf(at: string): Promise<string> {
  const names = await readdir(at, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  return (await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'utf8')))).join('\n');
}

async function linesIn(at: string, name: string): Promise<AnyBody[]> {
  const files = await readdir(join(at, name));
  const texts = await Promise.all(files.toSorted().map((file) => readFile(join(at, name, file), 'utf8')));
  return texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line));
}

it('has all of its own, as REST shows it, in a form that others check, and nothing of another', {
  timeout: 180_000,
}, async () => {
  const [own, other] = [await newTenant(server, 'own-w0rd'), await newTenant(server, 'other-w0rd')];
  await fillTenant(server, own, 'own-w0rd');
  await fillTenant(server, other, 'other-w0rd');
  const { at, made } = await exported(own, 'own');

  const { stdout } = await exec('sha256sum', ['-c', 'SHA256SUMS', '--quiet'], { cwd: at });
  expect(stdout).toBe('');
  const manifest = JSON.parse(await readFile(join(at, 'manifest.json'), 'utf8'));
  expect(manifest).toMatchObject({ accountId: own.id, asOf: made.asOf, counts: made.counts });
  for (const [name, count] of Object.entries(manifest.counts))
    if (name !== 'files') expect([name, (await linesIn(at, name)).length]).toEqual([name, count]);
  const tasks = await linesIn(at, 'tasks');
  const { body } = await server.call('GET', `/api/v1/tasks/${tasks[0].id}`, { key: own.secret });
  expect(tasks[0]).toMatchObject({ ...body.task, statusNote: null });
  const done = tasks.find(({ status }) => status === 'completed');
  expect(await readFile(join(at, 'files', done.id, 'artifacts', 'own-w0rd.txt'), 'utf8')).toBe('own-w0rd');
  expect((await linesIn(at, 'events')).filter(({ taskId }) => taskId === done.id).length).toBeGreaterThan(2);
  const texts = await textsOf(at);
  expect(texts).not.toContain('other-w0rd');
  expect(texts).not.toContain(other.id);
  const keys = await rowsOf(server.databaseUrl, `select secret_hash from keys where account_id = '${own.id}'`);
  for (const secret of [own.secret, ...keys.map((key) => key['secret_hash'])]) expect(texts).not.toContain(secret);
});

it('is for the account itself and the operator', { timeout: 180_000 }, async () => {
  const [own, other] = [await newTenant(server, 'mine'), await newTenant(server, 'not mine')];
  const { body } = await call('POST', `${own.id}/exports`);
  const { id } = body.export;
  const paths = [`${own.id}/exports/${id}`, `${own.id}/exports/${id}/parts/1`, `${other.id}/exports/${id}`];
  for (const path of paths) expect((await call('GET', path, other.secret)).body.error.code).toBe('not_found');
  expect((await call('POST', `${own.id}/exports`, other.secret)).body.error.code).toBe('not_found');
  await own.post('/tasks/run', { instruction: 'hi' });
  const runner = server.runner();
  const lease = await runner.lease();
  expect((await call('POST', `${own.id}/exports`, lease.taskKey)).body.error.code).toBe('not_allowed');
  await runner.settle(lease);
  await until(
    'it is made',
    async () => (await call('GET', paths[0] ?? '', own.secret)).body.export.status === 'ready',
  );
  expect((await call('GET', `${own.id}/exports/${id}/parts/2`)).body.error.code).toBe('not_found');
});

it('leaves no table out that is not named with the reason', () => {
  const inIt = new Set<string>();
  const note = ({ table, below }: ReturnType<typeof exportedTables>[number]) => {
    inIt.add(table);
    for (const child of below) note(child.table);
  };
  exportedTables().forEach(note);
  const ofAccounts = Object.keys(HOLDINGS).filter((table) => HOLDINGS[table]?.account !== null);
  expect([...inIt, ...Object.keys(LEFT_OUT)].sort()).toEqual(ofAccounts.sort());
});
