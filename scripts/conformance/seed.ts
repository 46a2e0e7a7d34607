// The Seed that `npm run conformance` starts: a server process on a database of its own, in a folder that is removed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import type { ConformanceSeed } from './part.ts';

/** Platforms as adopters describe them: their commands appear in all that a part looks at. */
const PACKS = 'examples/commerce,examples/crm,examples/devops,examples/healthcare';
const READY_WITHIN_MS = 60_000;
const SERVER = new URL('../../src/server/main.ts', import.meta.url).pathname;

export async function startConformanceSeed(): Promise<ConformanceSeed & { stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-conformance-'));
  const adminKey = generateKeySecret();
  const runnerToken = generateKeySecret();
  const child = spawn(process.execPath, [SERVER], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: '',
      SEED_DATA_DIR: folder,
      SEED_CACHE_DIR: cacheDirSetting(),
      SEED_ADMIN_KEY: adminKey,
      SEED_RUNNER_TOKEN: runnerToken,
      SEED_LOG_LEVEL: 'error',
      SEED_PACKS: PACKS,
      SEED_LLM_BASE_URL: '',
      OPENROUTER_API_KEY: '',
    },
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { url: await urlOf(child), adminKey, runnerToken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function urlOf(child: ChildProcess): Promise<string> {
  const gone = new AbortController();
  child.once('exit', () => gone.abort(new Error('the server ended before it was ready')));
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(READY_WITHIN_MS)]);
  const [{ ready }] = (await once(child, 'message', { signal })) as [{ ready: { url: string } }];
  return ready.url;
}
