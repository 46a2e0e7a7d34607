// A Seed of its own with something to see: the example platforms with their rows, keys, and tasks that ran.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startAllInOne } from '../../src/all-in-one.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded/start-embedded.ts';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { createLog } from '../../src/lib/log.ts';
import { cacheDirSetting, dataDirSetting } from '../../src/lib/settings.ts';
import { writeKeyHistory } from './key-history.ts';
import { startRunningTask } from './running-task.ts';
import { askForApprovals } from './sample-approvals.ts';
import { SAMPLE_TASKS } from './sample-tasks.ts';
import { writeUsageHistory } from './usage-history.ts';
import { writeWebhookHistory } from './webhook-history.ts';

export interface SampleSeed {
  url: string;
  key: string;
  /** Ends it and removes all that it kept. */
  remove(): Promise<void>;
}

const KEYS = [
  { name: 'nightly audit', scopes: ['keys:read', 'audit:read'] },
  { name: 'ci', scopes: ['tasks:*'], expiresIn: '7d', requestsPerMinute: 60 },
  { name: 'support desk', scopes: ['contacts:read', 'emails:write', 'tasks:write', 'tasks:read'] },
];

export async function startSampleSeed(): Promise<SampleSeed> {
  await mkdir(dataDirSetting(), { recursive: true });
  const folder = await mkdtemp(join(dataDirSetting(), 'screens-'));
  // Its own, so that history can be written into it.
  const postgres = await startEmbeddedPostgres({ dataDir: folder, log: createLog('screens', 'error') });
  const seed = await startAllInOne({
    ...wholeEnvironment(),
    SEED_DATA_DIR: folder,
    SEED_CACHE_DIR: cacheDirSetting(),
    SEED_LOG_LEVEL: process.env['SEED_LOG_LEVEL'] ?? 'error',
    PORT: '0',
    DATABASE_URL: postgres.databaseUrl,
    SEED_ADMIN_KEY: '',
    SEED_LLM_BASE_URL: '',
    SEED_PACKS: 'examples/commerce,examples/crm,examples/devops,examples/healthcare',
    OPENROUTER_API_KEY: '',
  });
  const key = seed.adminKey ?? '';
  const remove = async () => {
    await seed.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await fill(seed.url, key);
    await startRunningTask(seed.url, key);
    await askForApprovals(seed.url, key);
    await writeKeyHistory(postgres.databaseUrl);
    await writeUsageHistory(postgres.databaseUrl);
    await writeWebhookHistory(postgres.databaseUrl);
  } catch (error) {
    await remove();
    throw error;
  }
  return { url: seed.url, key, remove };
}

async function fill(url: string, key: string): Promise<void> {
  const post = async (path: string, body: object) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', prefer: 'wait=60' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  };
  for (const body of KEYS) await post('/keys', body);
  for (const task of SAMPLE_TASKS) await post('/tasks/run', task);
}
