// The runner as a process of its own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
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
  const runner = spawn(process.execPath, ['src/runner/main.ts'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  undo.defer(() => void runner.kill('SIGKILL'));
  let said = '';
  runner.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await expect.poll(() => said, { timeout: 20_000 }).toContain(`by another runner, process ${process.pid} of`);
  expect(said).toContain('waiting up to 15 s for it to end');
});

test('a runner that can make no sandboxes does not say that it is ready, nor leaves that an earlier one said so', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-runner-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const path = join(dataDir, 'runner.ready');
  await writeFile(path, '');
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const env = {
    PATH: process.env['PATH'] ?? '',
    SEED_DATA_DIR: dataDir,
    SEED_SERVER_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    SEED_RUNNER_TOKEN: 'x'.repeat(32),
    // Without it there is no image, and nothing is fetched to make one.
    SEED_SANDBOX_RECIPE: join(dataDir, 'no-recipe.json'),
  };
  const runner = spawn(process.execPath, ['src/runner/main.ts'], { env, stdio: 'ignore' });
  onTestFinished(() => void runner.kill('SIGKILL'));
  // It has begun to work, and tells the server why it takes nothing.
  await expect.poll(() => seen, { timeout: 20_000 }).toContainEqual(expect.stringContaining('/runner/v1/'));
  expect(existsSync(path)).toBe(false);
});
