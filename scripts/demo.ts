// npm run demo: a real task in a real sandbox, on a throw-away database, with no account or key of any kind.
// npm run demo -- <example>, or --all: the brief's examples, on sample rows.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AllInOne, startAllInOne } from '../src/all-in-one.ts';
import { wholeEnvironment } from '../src/lib/env.ts';
import { describeFailure } from '../src/lib/process-life.ts';
import { cacheDirSetting, dataDirSetting } from '../src/lib/settings.ts';
import { SeedError } from '../src/protocol/errors.ts';
import { EXAMPLES } from './demo/examples.ts';
import { showKeyCleanup } from './demo/key-cleanup.ts';
import { runAll, showExample } from './demo/run-examples.ts';
import { type Connection, heading, say } from './demo/show.ts';
import { setUpWithProgress } from './lib/set-up.ts';

let seed: AllInOne | null = null;
let folder: string | null = null;

process.on('SIGINT', () => void leave(130));
process.on('SIGTERM', () => void leave(143));

try {
  await leave(await demo(chooseDemo(process.argv.slice(2))));
} catch (error) {
  process.stderr.write(describeFailure(error));
  await leave(1);
}

/** Shows something and tells what did not come out as it should. */
type Demo = (connection: Connection) => Promise<string[]>;

function chooseDemo([name, ...more]: string[]): Demo {
  if (name === undefined) return showKeyCleanup;
  if (name === '--all' && more.length === 0) return runAll;
  const example = EXAMPLES.find((candidate) => candidate.name === name);
  if (example && more.length === 0) return (connection) => showExample(connection, example);
  throw new SeedError('usage', `there is no demo "${[name, ...more].join(' ')}"`, {
    hint: `Write npm run demo, npm run demo -- --all, or -- and one of: ${EXAMPLES.map((one) => one.name).join(', ')}.`,
  });
}

async function demo(show: Demo): Promise<number> {
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
    SEED_PACKS: 'examples/commerce,examples/crm,examples/devops,examples/healthcare',
    OPENROUTER_API_KEY: '',
  });
  const problems = await show({ url: seed.url, key: seed.adminKey ?? '', home: folder });
  if (problems.length > 0) {
    process.stderr.write(
      `\nThe demo did not come out as it should:\n${problems.map((line) => `- ${line}\n`).join('')}`,
    );
    return 1;
  }
  heading('How to go on');
  say(
    [
      'npm run demo -- --all            more tasks, on the commands of four example platforms',
      'npm start                        your own Seed, with a database that stays',
      'OPENROUTER_API_KEY=… npm start   with a language model; this demo used "scripted", which is none',
      'examples/README.md               small things that run, in the order of learning',
      'docs/your-platform.md            how to add your own commands',
    ].join('\n'),
  );
  return 0;
}

async function leave(exitCode: number): Promise<never> {
  await seed?.stop().catch((error) => process.stderr.write(describeFailure(error)));
  if (folder) await rm(folder, { recursive: true, force: true });
  process.exit(exitCode);
}
