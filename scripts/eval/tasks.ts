// The tasks of the eval, in the order in which they are run: what every model must manage comes first.
import { SeedError } from '../../src/protocol/errors.ts';
import type { EvalTask } from './task.ts';
import { BRIEF } from './tasks/brief.ts';
import { INJECTIONS } from './tasks/injections.ts';
import { ONE_COMMAND } from './tasks/one-command.ts';
import { REFUSALS } from './tasks/refusals.ts';
import { SEVERAL_STEPS } from './tasks/several-steps.ts';

export const TASKS: readonly EvalTask[] = [...ONE_COMMAND, ...BRIEF, ...REFUSALS, ...INJECTIONS, ...SEVERAL_STEPS];

/**
 * Those of these names or kinds, in the order of the list. A kind is written with `-` for spaces, such as
 * one-command.
 * @throws SeedError usage
 */
export function chooseTasks(wanted: readonly string[]): readonly EvalTask[] {
  if (wanted.length === 0) return TASKS;
  const fits = (task: EvalTask, word: string) => task.name === word || task.kind.replaceAll(' ', '-') === word;
  const unknown = wanted.find((word) => !TASKS.some((task) => fits(task, word)));
  if (unknown !== undefined) {
    throw new SeedError('usage', `there is no task and no kind "${unknown}"`, {
      hint: 'npm run eval -- --list shows them.',
    });
  }
  return TASKS.filter((task) => wanted.some((word) => fits(task, word)));
}
