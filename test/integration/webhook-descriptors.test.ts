// A server that has no file descriptor left for a while: its receivers have no part in that.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { exec } from '../../src/lib/exec.ts';
import { startReceiver } from '../fixtures/webhook-receiver.ts';

const POSTER = fileURLToPath(new URL('../fixtures/post-process.ts', import.meta.url));

it('waits for a descriptor rather than blaming the receiver', async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const child = spawn(process.execPath, [POSTER, receiver.url], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  const descriptors = (soft: string) => exec('prlimit', ['--pid', String(child.pid), `--nofile=${soft}:`]);

  expect(await next()).toBe('ready');
  await descriptors('3');
  child.stdin.write('go\n');
  expect(await next()).toBe('tried');
  expect(receiver.received).toEqual([]);
  await descriptors('1024');
  expect(JSON.parse((await next()) ?? '')).toMatchObject({ status: 204, error: null });
  expect(receiver.received).toHaveLength(1);
});
