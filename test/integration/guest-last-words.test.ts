// What the real guest leaves where it is reached by a socket and ends by itself; and nothing of it where it is not.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastAccount } from '../../src/drivers/kubernetes/pod-status.ts';
import { ACCOUNT_FILES, containerAccount } from '../../src/lib/container-account.ts';
import { guestSettingsIn, putGuest } from '../fixtures/process-driver.ts';

let dir: string;
let guest: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'seed-last-words-'));
  guest = await putGuest(dir);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs it to its end. */
async function run(settings: object) {
  const all = JSON.stringify({ ...guestSettingsIn(dir), agent: null, ...settings });
  const child = spawn(process.execPath, [guest, all], { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
  const said = Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  const [code] = await once(child, 'exit');
  return { code, said: (await said).map((chunks) => Buffer.concat(chunks).toString()) };
}

/** A path on which nobody can listen: a folder of it is a file, whose long name is told. */
const UNUSABLE = () => join(guest, 'n'.repeat(200), '\u0001'.repeat(50), 'socket');

test('a guest that listens leaves its account and why it ended, in one short line, and says nothing', async () => {
  const terminationLog = join(dir, 'termination-log');
  await writeFile(terminationLog, 'x'.repeat(10_000));
  expect(await run({ listen: UNUSABLE(), terminationLog })).toEqual({ code: 1, said: ['', ''] });
  const left = await readFile(terminationLog, 'utf8');
  expect(left.endsWith('\n')).toBe(true);
  expect(left.trim().split('\n')).toHaveLength(1);
  expect(left.length).toBeLessThan(4096);
  expect(JSON.parse(left).said).toMatch(/^Error: ENOTDIR/);
  const files = await Promise.all(
    ACCOUNT_FILES.map(async (path) => [path, await readFile(path, 'utf8').catch(() => '')] as const),
  );
  const isCounted = containerAccount(new Map(files)) !== null;
  const terminated = { exitCode: 1, message: left };
  const account = lastAccount({
    metadata: { name: 'p', uid: 'u', resourceVersion: '1' },
    spec: {},
    status: { containerStatuses: [{ name: 'guest', state: { terminated } }] },
  });
  if (isCounted) expect(account?.cpuSeconds).toBeGreaterThan(0);
  else expect(account).toBeNull();
});

test('none is made where there is none', async () => {
  const terminationLog = join(dir, 'nobody-reads-it');
  expect(await run({ listen: UNUSABLE(), terminationLog })).toEqual({ code: 1, said: ['', ''] });
  expect(existsSync(terminationLog)).toBe(false);
});

test('a guest that does not listen says it on its output, and leaves nothing', async () => {
  const terminationLog = join(dir, 'not-for-it');
  await writeFile(terminationLog, 'as it was');
  const { code, said } = await run({ homeDir: UNUSABLE(), terminationLog });
  expect(code).toBe(1);
  expect(said[1]).toContain('ENOTDIR');
  expect(await readFile(terminationLog, 'utf8')).toBe('as it was');
});
