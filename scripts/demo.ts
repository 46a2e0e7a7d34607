// npm run demo: a real task in a real sandbox, on a throw-away database, with no account or key of any kind.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AllInOne, startAllInOne } from '../src/all-in-one.ts';
import { wholeEnvironment } from '../src/lib/env.ts';
import { describeFailure } from '../src/lib/process-life.ts';
import { cacheDirSetting, dataDirSetting } from '../src/lib/settings.ts';
import { checkOutcome } from './demo/check-outcome.ts';
import { createInventory } from './demo/inventory.ts';
import { heading, say, seedCli } from './demo/show.ts';
import { setUpWithProgress } from './lib/set-up.ts';

const INSTRUCTION = 'Check our API key inventory and revoke any expired ones';

let seed: AllInOne | null = null;
let folder: string | null = null;

process.on('SIGINT', () => void leave(130));
process.on('SIGTERM', () => void leave(143));

try {
  await leave(await demo());
} catch (error) {
  process.stderr.write(describeFailure(error));
  await leave(1);
}

async function demo(): Promise<number> {
  await setUpWithProgress();
  const home = dataDirSetting();
  await mkdir(home, { recursive: true });
  folder = await mkdtemp(join(home, 'demo-'));
  say('Starting server, database and runner');
  seed = await startAllInOne({
    ...wholeEnvironment(),
    SEED_DATA_DIR: folder,
    SEED_CACHE_DIR: cacheDirSetting(),
    SEED_LOG_LEVEL: process.env['SEED_LOG_LEVEL'] ?? 'error',
    PORT: '0',
    DATABASE_URL: '',
    SEED_ADMIN_KEY: '',
    SEED_LLM_BASE_URL: '',
    OPENROUTER_API_KEY: '',
  });
  const connection = { url: seed.url, key: seed.adminKey ?? '', home: folder };
  await createInventory(connection);

  heading('The keys before');
  await seedCli(connection, ['keys', 'list']);
  heading('A task, for an agent that may read and write keys and nothing else');
  const run = [
    'tasks',
    'run',
    '--instruction',
    INSTRUCTION,
    '--scopes',
    'keys:read,keys:write',
    '--timeout',
    '60000',
  ];
  await seedCli(connection, run);
  heading('The task, as GET /api/v1/tasks/{id} answers it');
  const problems = await checkOutcome(connection, (task) => say(JSON.stringify({ task }, null, 2)));
  heading('The keys after');
  await seedCli(connection, ['keys', 'list']);

  if (problems.length > 0) {
    process.stderr.write(
      `\nThe demo did not come out as it should:\n${problems.map((line) => `- ${line}\n`).join('')}`,
    );
    return 1;
  }
  heading('How to go on');
  say(
    [
      'npm start                        your own Seed, with a database that stays',
      'OPENROUTER_API_KEY=… npm start   with a language model; this demo used "scripted", which is none',
      'docs/                            how it works, how to add your own commands',
    ].join('\n'),
  );
  return 0;
}

async function leave(exitCode: number): Promise<never> {
  await seed?.stop().catch((error) => process.stderr.write(describeFailure(error)));
  if (folder) await rm(folder, { recursive: true, force: true });
  process.exit(exitCode);
}
