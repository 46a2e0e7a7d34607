// The servers that bench/api.ts asks, each a process of its own: Seed's, as `npm start` runs it, and the
// yardstick.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { wholeEnvironment } from '../../src/lib/env.ts';
import type { BareAnswers } from './bare-server.ts';

const SEED = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url));
const BARE = fileURLToPath(new URL('./bare-server.ts', import.meta.url));

export interface BenchServer {
  url: string;
  stop(): Promise<void>;
}

/** @param dataDir for what a server keeps besides its database */
export async function startSeedServer(databaseUrl: string, dataDir: string): Promise<BenchServer> {
  const child = fork(SEED, {
    env: {
      ...wholeEnvironment(),
      DATABASE_URL: databaseUrl,
      SEED_DATA_DIR: dataDir,
      SEED_RUNNER_TOKEN: 'x'.repeat(32),
      SEED_LOG_LEVEL: 'error',
      OPENROUTER_API_KEY: '',
      SEED_LLM_BASE_URL: '',
      SEED_ADMIN_KEY: '',
      PORT: '0',
    },
  });
  const { ready } = await firstMessage<{ ready: { url: string } }>(child);
  return { url: ready.url, stop: () => end(child) };
}

export async function startBareServer(answers: BareAnswers): Promise<BenchServer> {
  const child = fork(BARE);
  child.send(answers);
  const { url } = await firstMessage<{ url: string }>(child);
  return { url, stop: () => end(child) };
}

async function firstMessage<Message>(child: ChildProcess): Promise<Message> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a server ended with ${code} instead of starting`);
  });
  ended.catch(() => undefined);
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return message as Message;
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
