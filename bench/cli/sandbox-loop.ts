// A loop of commands in a real sandbox, each beside `bash -c true` there: a whole Seed on a throw-away folder, and a
// task whose agent runs the loop. For bench/cli.ts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAllInOne } from '../../src/all-in-one.ts';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import type { Task } from '../../src/protocol/task.ts';

/** What is measured, by its name: a program of the sandbox, the pattern of what it prints, and in which rounds. */
const MEASURED = {
  bash: { command: 'bash -c true', prints: "''", everyRounds: 1 },
  local: { command: 'seed --version', prints: '?*', everyRounds: 1 },
  asking: { command: 'seed whoami --json', prints: `*'"name":"task:'*`, everyRounds: 1 },
  node: { command: 'node /run/seed/cli/seed.mjs whoami --json', prints: `*'"name":"task:'*`, everyRounds: 10 },
} as const;

type Name = keyof typeof MEASURED;

/** Milliseconds of each run. */
export type LoopTimes = Record<Name, number[]>;

/** By turns, so that what else the machine does hits all. Rejects when one command fails or prints something else. */
export async function measureLoop(runs: number): Promise<LoopTimes> {
  const lines = (await outputOf(scriptOf(runs))).trim().split('\n');
  const times = Object.fromEntries(
    lines.map((line) => {
      const [name, ...numbers] = line.split(' ');
      return [name, numbers.map((microseconds) => Number(microseconds) / 1000)];
    }),
  ) as LoopTimes;
  for (const name of Object.keys(MEASURED) as Name[]) {
    const expected = Math.floor(runs / MEASURED[name].everyRounds);
    if (times[name]?.length !== expected || !times[name].every((ms) => ms > 0))
      throw new Error(`${expected} times of ${name} were expected, and the loop printed:\n${lines.join('\n')}`);
  }
  return times;
}

/** The first round is thrown away. */
function scriptOf(runs: number): string {
  const steps = Object.entries(MEASURED).map(
    ([name, { command, prints, everyRounds }]) => `
  if ((round % ${everyRounds} == 0)); then
    from=$EPOCHREALTIME
    ${command} > printed || { echo "$? from ${command}"; exit 1; }
    to=$EPOCHREALTIME
    [ $round = 0 ] || ${name}="$${name} $(( \${to/./} - \${from/./} ))"
    read -r -d '' printed < printed
    [[ $printed == ${prints} ]] || { echo "${command} printed $printed"; exit 1; }
  fi`,
  );
  const names = Object.keys(MEASURED).map((name) => `echo "${name}$${name}"`);
  // Of the tenth same call in a row Seed warns, which is more work and no measure of one.
  const between = `  if ((round % 4 == 0)); then seed commands show whoami > printed || exit 1; fi`;
  return [
    `cd /tmp; for ((round = 0; round <= ${runs}; round += 1)); do`,
    ...steps,
    between,
    'done',
    ...names,
  ].join('\n');
}

/** What the script prints as the only command of a task. */
async function outputOf(script: string): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-'));
  const adminKey = generateKeySecret();
  const seed = await startAllInOne({
    ...wholeEnvironment(),
    SEED_DATA_DIR: dataDir,
    SEED_CACHE_DIR: cacheDirSetting(),
    SEED_ADMIN_KEY: adminKey,
    SEED_LOG_LEVEL: 'error',
    SEED_LLM_BASE_URL: '',
    OPENROUTER_API_KEY: '',
    DATABASE_URL: '',
    SEED_PACKS: 'none',
    PORT: '0',
  });
  try {
    const response = await fetch(`${seed.url}/api/v1/tasks/run`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json', prefer: 'wait=600' },
      body: JSON.stringify({
        instruction: `\`\`\`bash\n${script}\n\`\`\``,
        scopes: ['keys:read'],
        timeout: 600_000,
      }),
    });
    if (!response.ok) throw new Error(`the task was answered ${response.status}: ${await response.text()}`);
    const { task } = (await response.json()) as { task: Task };
    if (task.status !== 'completed' || task.stdout === null)
      throw new Error(`the task ended ${task.status}: ${JSON.stringify(task.error)}`);
    return task.stdout;
  } finally {
    await seed.stop();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
