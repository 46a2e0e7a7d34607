import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { afterAll, expect, test } from 'vitest';
import type { Exit } from '../driver.ts';
import { sandboxMarks } from './sandbox-folder.ts';
import { createSandboxes, type Started } from './sandboxes.ts';

const parent = await mkdtemp(join(tmpdir(), 'seed-sandboxes-'));
afterAll(() => rm(parent, { recursive: true }));
const spec = { spec: {}, deadline: performance.now() + 60_000 };

function played() {
  const { promise: exited, resolve: exit } = Promise.withResolvers<Exit>();
  const [stream] = duplexPair();
  const sandbox: Started = {
    stream,
    exited,
    usage: async () => ({ cpuSeconds: 1, peakMemoryBytes: 2, problem: null }),
    guard: async () => undefined,
    tighten: async () => undefined,
    async kill() {
      exit({ reason: 'killed' });
      return exited;
    },
  };
  return { sandbox, exit };
}

test('the stream of one that has just ended can still be read, once', async () => {
  const { calls, start } = createSandboxes(parent);
  const { sandbox, exit } = played();
  await start('brief', spec, async () => sandbox);
  exit({ reason: 'exited', code: 3 });
  expect(await calls.ended('brief')).toEqual({ reason: 'exited', code: 3 });
  expect(await calls.connect('brief')).toBe(sandbox.stream);
  await expect(calls.connect('brief')).rejects.toMatchObject({ code: 'sandbox_failed' });
  expect(await calls.usage('brief')).toMatchObject({ cpuSeconds: 1 });
  await calls.sweep('anybody');
});

test('of those that have ended the latest are remembered', async () => {
  const { calls, start } = createSandboxes(join(parent, 'many'));
  const ids = Array.from({ length: 257 }, (_, number) => `many-${number}`);
  await Promise.all(ids.map((id) => start(id, spec, async () => played().sandbox)));
  for (const id of ids) expect(await calls.kill(id)).toEqual({ reason: 'killed' });
  expect(await calls.status('many-0')).toMatchObject({ reason: 'lost' });
  expect(await calls.status('many-1')).toEqual({ reason: 'killed' });
});

test('a launch that fails leaves nothing', async () => {
  const { calls, start } = createSandboxes(parent);
  await expect(start('failing', spec, () => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
  expect(existsSync(join(parent, 'failing'))).toBe(false);
  expect(await calls.status('failing')).toMatchObject({ reason: 'lost' });
});

test('only its starter can let one wait, and anybody can kill it', async () => {
  const { calls } = createSandboxes(parent);
  const mark = sandboxMarks(join(parent, 'left-behind')).root;
  const left = spawn('sh', ['-c', 'echo; read -r _', 'sh', mark], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(left.stdout, 'data');
  expect(await calls.status('left-behind')).toBe('running');
  await expect(calls.guard('left-behind')).rejects.toMatchObject({ code: 'not_supported' });
  await expect(calls.guard('never-there')).rejects.toMatchObject({ code: 'sandbox_failed' });
  const ended = once(left, 'exit');
  expect(await calls.kill('left-behind')).toEqual({ reason: 'killed' });
  expect(await ended).toEqual([null, 'SIGKILL']);
});
