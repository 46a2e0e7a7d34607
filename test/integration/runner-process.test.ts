// The runner as a process of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { exec } from '../../src/lib/exec.ts';
import { lockForProcess } from '../../src/lib/process-lock.ts';

test('two runners never share a data folder: the second would end the sandboxes of the first', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-runner-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  await using undo = new AsyncDisposableStack();
  const path = join(dataDir, 'runner.lock');
  const lock = await lockForProcess({ path, what: 'It is in use', hint: 'Wait.', onWait: () => {} });
  undo.defer(() => lock.release());
  const env = {
    PATH: process.env['PATH'] ?? '',
    SEED_DATA_DIR: dataDir,
    SEED_SERVER_URL: 'http://127.0.0.1:1',
    SEED_RUNNER_TOKEN: 'x'.repeat(32),
  };
  const started = exec(process.execPath, ['src/runner/main.ts'], { env, timeoutMs: 20_000 });
  await expect(started).rejects.toThrow(`in use by another runner, process ${process.pid}`);
});
