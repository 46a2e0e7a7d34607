// The results of an eval as a table: a line for each task, then for each kind and all; beside those of another
// eval where one is given. Pure. Called by scripts/eval.ts.
import type { Results, Run } from './results.ts';

const HEAD = ['task', 'right', 'calls', 'input', 'output', 'first', 'cost', 'seconds'];

/**
 * One table for each model: its name, and rows of cells with their head.
 * @param order names of tasks, as they are to be listed
 */
export function reportOf(
  results: Results,
  order: readonly string[],
  against?: Results,
): { model: string; rows: string[][] }[] {
  const runs = results.runs.toSorted((one, other) => order.indexOf(one.task) - order.indexOf(other.task));
  const models = [...new Set(runs.map(({ model }) => model))];
  return models.map((model) => {
    const own = runs.filter((run) => run.model === model);
    return { model, rows: [HEAD, ...linesOf(own, against ? sameModel(against, model) : [])] };
  });
}

/** Of the same model; where it has only one and that has another name, of that. */
function sameModel({ runs }: Results, model: string): readonly Run[] {
  const own = runs.filter((run) => run.model === model);
  return own.length > 0 || new Set(runs.map((run) => run.model)).size > 1 ? own : runs;
}

function linesOf(runs: readonly Run[], before: readonly Run[]): string[][] {
  const line = (name: string, fits: (run: Run) => boolean) => [
    name,
    ...cellsOf(runs.filter(fits), before.filter(fits)),
  ];
  const names = [...new Set(runs.map(({ task }) => task))];
  const kinds = [...new Set(runs.map(({ kind }) => kind))];
  return [
    ...names.map((name) => line(name, ({ task }) => task === name)),
    ...kinds.map((kind) => line(`= ${kind}`, (run) => run.kind === kind && names.includes(run.task))),
    line('= all', ({ task }) => names.includes(task)),
  ];
}

function cellsOf(runs: readonly Run[], before: readonly Run[]): string[] {
  const now = figuresOf(runs);
  if (before.length === 0) return now;
  return figuresOf(before).map((was, column) => `${was} → ${now[column]}`);
}

/** Means, apart from how many were right. */
function figuresOf(runs: readonly Run[]): string[] {
  const right = runs.filter(({ problems }) => problems.length === 0).length;
  const firsts = runs.flatMap(({ firstRequestTokens }) => firstRequestTokens ?? []);
  return [
    `${right}/${runs.length}`,
    mean(runs.map(({ calls }) => calls)).toFixed(1),
    mean(runs.map(({ inputTokens }) => inputTokens)).toFixed(0),
    mean(runs.map(({ outputTokens }) => outputTokens)).toFixed(0),
    firsts.length === 0 ? '–' : mean(firsts).toFixed(0),
    costOf(runs),
    (mean(runs.map(({ durationMs }) => durationMs)) / 1000).toFixed(1),
  ];
}

/** In dollars; with a question mark where the price of a call is not known. */
function costOf(runs: readonly Run[]): string {
  const cost = mean(runs.map(({ costUsd }) => costUsd));
  const isKnown = runs.every(({ costSource }) => costSource !== 'unknown');
  return `${cost === 0 ? '0' : cost.toPrecision(2)}${isKnown ? '' : '?'}`;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What went wrong, most often first, with how often. */
export function mistakesOf({ runs }: Results): string[] {
  const counts = new Map<string, number>();
  for (const { task, model, problems } of runs) {
    for (const problem of problems) {
      const line = `${task} (${model}): ${problem}`;
      counts.set(line, (counts.get(line) ?? 0) + 1);
    }
  }
  return [...counts].toSorted((one, other) => other[1] - one[1]).map(([line, count]) => `${count} × ${line}`);
}
