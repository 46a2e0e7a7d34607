// What an agent takes to its first model request without any of Seed: `pi -p` as a process of this machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelServer } from './model-server.ts';

const PI = fileURLToPath(
  new URL('../../node_modules/@earendil-works/pi-coding-agent/dist/cli.js', import.meta.url),
);

/** Milliseconds from spawn to the first model request, one per run. */
export async function measureBare(model: ModelServer, runs: number): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-bench-pi-'));
  const providers = {
    bench: { baseUrl: model.url, api: 'openai-completions', apiKey: 'none', models: [{ id: 'bench' }] },
  };
  await writeFile(join(folder, 'models.json'), JSON.stringify({ providers }));
  try {
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) times.push(await runOnce(model, folder, `bare-${run}-mark`));
    return times;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runOnce(model: ModelServer, folder: string, mark: string): Promise<number> {
  const asked = model.asked(mark);
  const startedAt = performance.now();
  const child = spawn(process.execPath, [PI, '--provider', 'bench', '--model', 'bench', '-p', mark], {
    cwd: folder,
    // As on a machine without network: what Pi would otherwise look up only adds to its time.
    env: { PATH: process.env['PATH'], HOME: folder, PI_CODING_AGENT_DIR: folder, PI_OFFLINE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  const exited = once(child, 'exit');
  const failed = exited.then(() => Promise.reject(new Error(`pi ended without asking its model: ${complaint}`)));
  const at = await Promise.race([asked, failed]);
  failed.catch(() => undefined);
  await exited;
  return at - startedAt;
}
