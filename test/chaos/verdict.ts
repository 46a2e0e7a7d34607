// What each figure of a row must be, and the table of all rows.
import type { Fault } from './fault.ts';
import type { Row } from './run-fault.ts';

export type Result = { fault: Fault } & ({ row: Row } | { skipped: string } | { broken: string });

const HEAD = [
  'fault',
  'tasks',
  'accepted',
  'terminal',
  'ended by the fault',
  'twice',
  'orphans',
  'live keys',
  'effects without a ledger row',
  'webhooks missing',
  'steps lost',
  'calls held',
  'seconds',
  '',
];

/** What is not as it must be; empty when all is. */
export function problems({ mayEnd = [] }: Pick<Fault, 'mayEnd'>, row: Row): string[] {
  const foreign = Object.keys(row.ended).filter((code) => !mayEnd.some((allowed) => allowed === code));
  const zero = {
    'run or written twice': row.twice,
    'orphans are left': row.orphans,
    'task keys still work': row.liveKeys,
    'effects have no ledger row': row.unrecorded,
    'webhooks are missing': row.webhooksMissing,
    'steps of completed tasks are lost': row.stepsLost,
    'calls of models still hold something': row.held,
  };
  return [
    ...(row.accepted === row.tasks ? [] : [`${row.accepted} of ${row.tasks} tasks were accepted`]),
    ...(row.terminal === row.accepted ? [] : [`${row.terminal} of ${row.accepted} tasks are terminal`]),
    ...foreign.map((code) => `${row.ended[code]} ended ${code}, which this fault may not do`),
    ...Object.entries(zero)
      .filter(([, count]) => count !== 0)
      .map(([what, count]) => `${count} ${what}`),
  ];
}

export function isBad(result: Result): boolean {
  return 'broken' in result || ('row' in result && problems(result.fault, result.row).length > 0);
}

/** For printTable. */
export function tableOf(results: readonly Result[]): string[][] {
  const sums = results.flatMap((result) => ('row' in result ? [result.row] : []));
  const total = (pick: (row: Row) => number) => String(sums.reduce((sum, row) => sum + pick(row), 0));
  const figures = FIGURES.map((pick) => total((row) => Number(pick(row))));
  return [HEAD, ...results.map(lineOf), ['all', ...figures.slice(0, 3), total(endedOf), ...figures.slice(3), '']];
}

const FIGURES: ((row: Row) => number)[] = [
  (row) => row.tasks,
  (row) => row.accepted,
  (row) => row.terminal,
  (row) => row.twice,
  (row) => row.orphans,
  (row) => row.liveKeys,
  (row) => row.unrecorded,
  (row) => row.webhooksMissing,
  (row) => row.stepsLost,
  (row) => row.held,
  (row) => row.seconds,
];

function lineOf(result: Result): string[] {
  const { name } = result.fault;
  if ('skipped' in result) return [name, ...HEAD.slice(2).map(() => '-'), `skipped: ${result.skipped}`];
  if ('broken' in result) return [name, ...HEAD.slice(2).map(() => '-'), `BROKEN: ${result.broken}`];
  const { row } = result;
  const figures = FIGURES.map((pick) => String(pick(row)));
  const ended = Object.entries(row.ended).map(([code, count]) => `${count} ${code}`);
  const bad = problems(result.fault, row).length > 0;
  return [
    name,
    ...figures.slice(0, 3),
    ended.join(', ') || '0',
    ...figures.slice(3),
    bad ? 'NOT AS IT MUST BE' : 'ok',
  ];
}

function endedOf({ ended }: Row): number {
  return Object.values(ended).reduce((sum, count) => sum + count, 0);
}
