// Runs what is still missing of an eval, in order, and keeps each result at once.
import { describeFailure } from '../../src/lib/process-life.ts';
import { type Results, type Run, saveResults } from './results.ts';
import { runOnce } from './run-once.ts';
import type { EvalTask } from './task.ts';
import type { World } from './world.ts';

export interface Plan {
  tasks: readonly EvalTask[];
  models: readonly string[];
  runs: number;
  timeoutMs: number;
  atOnce: number;
  out: string;
  signal: AbortSignal;
  say(line: string): void;
}

/** Runs that could not be made at all, such as when the server is gone, in a row, after which it is given up. */
const GIVE_UP_AFTER = 3;

/** Adds to `results` and to their file. Ends early, and without an error, when it is interrupted. */
export async function runAll(world: World, results: Results, plan: Plan): Promise<void> {
  const missing = missingRuns(results, plan);
  const known = plan.tasks.length * plan.models.length * plan.runs - missing.length;
  if (known > 0) plan.say(`${known} runs are in ${plan.out} already`);
  let started = 0;
  let failures = 0;
  let saved = Promise.resolve();
  const next = async (): Promise<void> => {
    const turn = missing[started];
    if (!turn || plan.signal.aborted) return;
    started += 1;
    const place = `[${started}/${missing.length}]`;
    try {
      const run = { number: turn.number, ...(await runOnce(world, turn.task, { ...plan, model: turn.model })) };
      results.runs.push(run);
      // One after the other: they write the same file.
      saved = saved.then(() => saveResults(plan.out, results));
      await saved;
      failures = 0;
      plan.say(`${place} ${lineOf(run)}`);
    } catch (error) {
      if (plan.signal.aborted) return;
      failures += 1;
      plan.say(`${place} ${turn.task.name}: no result. ${describeFailure(error).trim()}`);
      if (failures >= GIVE_UP_AFTER) throw error;
    }
    return next();
  };
  await Promise.all(Array.from({ length: plan.atOnce }, next));
}

interface Turn {
  task: EvalTask;
  model: string;
  number: number;
}

/** Each task with all its runs before the next, so that what is there of an unfinished eval says something. */
export function missingRuns({ runs }: Results, plan: Pick<Plan, 'tasks' | 'models' | 'runs'>): Turn[] {
  const keyOf = (task: string, model: string, number: number) => JSON.stringify([task, model, number]);
  const known = new Set(runs.map(({ task, model, number }) => keyOf(task, model, number)));
  return plan.tasks.flatMap((task) =>
    plan.models.flatMap((model) =>
      Array.from({ length: plan.runs }, (_, index) => ({ task, model, number: index + 1 })).filter(
        ({ number }) => !known.has(keyOf(task.name, model, number)),
      ),
    ),
  );
}

function lineOf({ task, model, number, problems, calls, durationMs }: Run): string {
  const verdict = problems.length === 0 ? 'right' : `wrong: ${problems.join('; ')}`;
  const seconds = (durationMs / 1000).toFixed(0);
  return `${task} ${number} (${model}): ${verdict} · ${calls} calls, ${seconds} s`;
}
