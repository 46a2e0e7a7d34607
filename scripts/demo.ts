// npm run demo: a real task in a real sandbox, on a throw-away database, with no account or key of any kind.
// npm run demo -- <example>, or --all: the brief's examples, on sample rows; --vercel: as on Vercel, played here.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAllInOne } from '../src/all-in-one.ts';
import { wholeEnvironment } from '../src/lib/env.ts';
import { describeFailure } from '../src/lib/process-life.ts';
import { cacheDirSetting, dataDirSetting } from '../src/lib/settings.ts';
import { SeedError } from '../src/protocol/errors.ts';
import { EXAMPLES } from './demo/examples.ts';
import { showKeyCleanup } from './demo/key-cleanup.ts';
import { runAll, showExample } from './demo/run-examples.ts';
import { type Connection, heading, say } from './demo/show.ts';
import { setUpWithProgress } from './lib/set-up.ts';

const LEAVE_MS = 10_000;
const undo = new AsyncDisposableStack();
const leaving = new AbortController();
let left: Promise<never> | null = null;

process.on('SIGINT', () => void leave(130));
process.on('SIGTERM', () => void leave(143));

const shown = (async () => demo(chooseDemo(process.argv.slice(2))))();
try {
  await leave(await shown);
} catch (error) {
  if (!leaving.signal.aborted) process.stderr.write(describeFailure(error));
  await leave(1);
}

/** Shows something, in a throw-away folder, and tells what did not come out as it should. */
type Demo = (folder: string) => Promise<string[]>;

function chooseDemo([name, ...more]: string[]): Demo {
  if (name === undefined) return onOwnSeed(showKeyCleanup);
  if (name === '--all' && more.length === 0) return onOwnSeed(runAll);
  if (name === '--vercel' && more.length === 0) return onVercel;
  const example = EXAMPLES.find((candidate) => candidate.name === name);
  if (example && more.length === 0) return onOwnSeed((connection) => showExample(connection, example));
  throw new SeedError('usage', `there is no demo "${[name, ...more].join(' ')}"`, {
    hint: `Write npm run demo, npm run demo -- --all or --vercel, or -- and one of: ${EXAMPLES.map((one) => one.name).join(', ')}.`,
  });
}

async function onVercel(folder: string): Promise<string[]> {
  // Loaded with all that plays Vercel, by this demo alone.
  const { showVercel } = await import('./demo/vercel.ts');
  return showVercel({ folder, undo, leaving: leaving.signal });
}

function onOwnSeed(show: (connection: Connection) => Promise<string[]>): Demo {
  return async (folder) => {
    await setUpWithProgress();
    say('Starting server, database and runner');
    const seed = await startAllInOne({
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
    undo.defer(() => seed.stop());
    return show({ url: seed.url, key: seed.adminKey ?? '', home: folder });
  };
}

async function demo(show: Demo): Promise<number> {
  const home = dataDirSetting();
  await mkdir(home, { recursive: true });
  const folder = await mkdtemp(join(home, 'demo-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const problems = await show(folder);
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
      'npm run demo -- --vercel         as functions with sandboxes of Vercel, played on this machine',
      'npm start                        your own Seed, with a database that stays',
      'OPENROUTER_API_KEY=… npm start   with a language model; this demo used "scripted", which is none',
      'examples/README.md               small things that run, in the order of learning',
      'docs/your-platform.md            how to add your own commands',
    ].join('\n'),
  );
  return 0;
}

/** Once, whoever asks. What is just being started is undone with the rest, if it comes to its end in time. */
function leave(exitCode: number): Promise<never> {
  left ??= (async () => {
    leaving.abort();
    await Promise.race([shown.catch(() => undefined), sleep(LEAVE_MS)]);
    await undo.disposeAsync().catch((error) => process.stderr.write(describeFailure(error)));
    process.exit(exitCode);
  })();
  return left;
}
