// npm run chaos: does faults to running Seeds and prints a table of what became of their tasks. See docs/chaos.md.
import { parseArgs } from 'node:util';
import { printTable } from '../bench/table.ts';
import { onProgress } from '../src/drivers/set-up/set-up-here.ts';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { SeedError } from '../src/protocol/errors.ts';
import { causeChaos, FAULTS } from '../test/chaos/suite.ts';
import { isBad, problems, type Result, tableOf } from '../test/chaos/verdict.ts';
import { setUpWithProgress } from './lib/set-up.ts';

const TASKS_IN_ALL = 300;
const TASKS_MOST = 10;
const TASKS_LEAST = 4;

const HELP = `Does faults to running Seeds, each with tasks before, during and after it, and prints what became of them.

  npm run chaos                                    all faults, about ${TASKS_IN_ALL} tasks, about half an hour
  npm run chaos -- --fault server-kill             one
  npm run chaos -- --fault 'server-*,all-pause-30' several; * stands for anything
  npm run chaos -- --fault runner-kill --tasks 20  with so many tasks for each
  npm run chaos -- --list                          which there are

Exits with 1 when something is not as it must be. Ctrl-C ends it and removes what it started; a second one ends at once.
`;

const interrupt = new AbortController();
process.on('SIGINT', leave);
process.on('SIGTERM', leave);

await exitOnFailure(async () => {
  const { list, help, faults, tasks } = readArguments();
  if (help) process.stdout.write(HELP);
  else if (list) printTable([['fault', 'what happens'], ...FAULTS.map(({ name, what }) => [name, what])]);
  else process.exitCode = await run(faults, tasks);
});

async function run(faults: typeof FAULTS, tasks: number): Promise<number> {
  await setUpWithProgress();
  try {
    const results = await causeChaos({ faults, tasks, signal: interrupt.signal, say: onProgress });
    return report(results);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    return 130;
  }
}

function report(results: readonly Result[]): number {
  process.stdout.write('\n');
  printTable(tableOf(results));
  const bad = results.filter(isBad);
  for (const result of bad) {
    if (!('row' in result)) continue;
    process.stdout.write(`\n${result.fault.name}: ${problems(result.fault, result.row).join('; ')}\n`);
    for (const remark of result.row.remarks) process.stdout.write(`  ${remark}\n`);
  }
  return bad.length > 0 ? 1 : 0;
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        fault: { type: 'string', multiple: true },
        tasks: { type: 'string' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const faults = chosen((values.fault ?? ['*']).flatMap((names) => names.split(',')));
    const each = Math.min(TASKS_MOST, Math.max(TASKS_LEAST, Math.ceil(TASKS_IN_ALL / faults.length)));
    const tasks = values.tasks === undefined ? each : Number(values.tasks);
    if (!Number.isInteger(tasks) || tasks < TASKS_LEAST || tasks > 1000)
      throw new SeedError('usage', `--tasks is a whole number from ${TASKS_LEAST} to 1000`);
    return { ...values, faults, tasks };
  } catch (error) {
    if (error instanceof SeedError) throw error;
    throw new SeedError('usage', (error as Error).message, {
      hint: 'npm run chaos -- --help shows examples.',
    });
  }
}

/** In the order in which they are done. */
function chosen(patterns: readonly string[]): typeof FAULTS {
  const matches = patterns.map((pattern) => {
    const expression = pattern.replace(/[^\w*-]/g, '').replaceAll('*', '.*');
    return new RegExp(`^${expression}$`);
  });
  const unknown = patterns.find((_, index) => !FAULTS.some(({ name }) => matches[index]?.test(name)));
  if (unknown !== undefined) {
    throw new SeedError('usage', `there is no fault "${unknown}"`, {
      hint: 'npm run chaos -- --list shows them.',
    });
  }
  return FAULTS.filter(({ name }) => matches.some((match) => match.test(name)));
}

function leave(): void {
  if (interrupt.signal.aborted) process.exit(130);
  process.stderr.write('\nEnding: removing what was started\n');
  interrupt.abort(new Error('interrupted'));
}
