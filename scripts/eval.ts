// npm run eval: measures how well a model does work in Seed, and prints a table. See docs/models.md.
import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { printTable } from '../bench/table.ts';
import { onProgress } from '../src/drivers/set-up/set-up-here.ts';
import { env, wholeEnvironment } from '../src/lib/env.ts';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { dataDirSetting } from '../src/lib/settings.ts';
import { type EvalArguments, HELP, readArguments } from './eval/arguments.ts';
import { mistakesOf, reportOf } from './eval/report.ts';
import { type Conditions, openResults, type Results, readResults } from './eval/results.ts';
import { runAll } from './eval/run-all.ts';
import { TASKS } from './eval/tasks.ts';
import { startWorld } from './eval/world.ts';
import { setUpWithProgress } from './lib/set-up.ts';

/** About models and no secret: what results depend on besides the model. */
const ABOUT_MODELS = /^SEED_(?:LLM|MODELS?)_(?!.*(?:KEY|TOKEN|SECRET))/;

const interrupt = new AbortController();
process.on('SIGINT', leave);
process.on('SIGTERM', leave);

await exitOnFailure(async () => {
  const given = readArguments(process.argv.slice(2));
  if (given.help) process.stdout.write(HELP);
  else if (given.list) printTable([['task', 'kind', 'instruction'], ...TASKS.map(inList)]);
  else process.exitCode = await measure(given);
});

async function measure(given: EvalArguments): Promise<number> {
  const against = given.against === undefined ? undefined : await readResults(given.against);
  const out = given.out ?? join(dataDirSetting(), 'eval.json');
  const results = await openResults(out, await conditionsOf(given));
  await setUpWithProgress();
  {
    await using world = await startWorld({
      ...(given.baseUrl !== undefined && { SEED_LLM_BASE_URL: given.baseUrl, OPENROUTER_API_KEY: '' }),
      // The default model is asked for what a model can do; the tasks name theirs.
      ...(given.models.length > 0 && { SEED_LLM_MODEL: given.models.join() }),
      SEED_RUNNER_SLOTS: String(given.atOnce),
    });
    const models = given.models.length > 0 ? given.models : [world.defaultModel];
    await runAll(world, results, { ...given, models, out, signal: interrupt.signal, say: onProgress });
  }
  report(results, against, out);
  return interrupt.signal.aborted ? 130 : 0;
}

async function conditionsOf({ baseUrl, timeoutMs }: EvalArguments): Promise<Conditions> {
  const fallback = env('OPENROUTER_API_KEY') === undefined ? 'scripted' : 'OpenRouter';
  const settings = Object.entries(wholeEnvironment()).filter(
    ([name, value]) =>
      ABOUT_MODELS.test(name) && value && !['SEED_LLM_BASE_URL', 'SEED_MODELS_FILE'].includes(name),
  );
  const models = env('SEED_MODELS_FILE');
  return {
    at: new Date().toISOString(),
    upstream: baseUrl ?? env('SEED_LLM_BASE_URL') ?? fallback,
    timeoutMs,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    settings: Object.fromEntries(
      settings.map(([name, value]): [string, string] => [name, String(value)]).toSorted(),
    ),
    modelsFile: models === undefined ? null : await readFile(models, 'utf8'),
  };
}

function report(results: Results, against: Results | undefined, out: string): void {
  for (const { model, rows } of reportOf(
    results,
    TASKS.map(({ name }) => name),
    against,
  )) {
    process.stdout.write(`\n${model}: how many runs were right; of the rest means\n`);
    printTable(rows);
  }
  const mistakes = mistakesOf(results);
  if (mistakes.length > 0)
    process.stdout.write(`\nWhat was wrong:\n${mistakes.map((line) => `  ${line}\n`).join('')}`);
  process.stdout.write(`\nAll of it, with what was said and called: ${out}\n`);
}

function inList({ name, kind, instruction }: (typeof TASKS)[number]): string[] {
  return [name, kind, instruction.length > 100 ? `${instruction.slice(0, 99)}…` : instruction];
}

function leave(): void {
  if (interrupt.signal.aborted) process.exit(130);
  process.stderr.write('\nEnding: what was measured is kept; the same command goes on from there\n');
  interrupt.abort(new Error('interrupted'));
}
