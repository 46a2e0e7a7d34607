// All runners together: what runs, what is free, what waits.
import type { RunnerView } from '../../../../src/protocol/runner.ts';
import { bytes, count } from '../../format/numbers.ts';

export function Capacity({ runners }: { runners: readonly RunnerView[] }) {
  const sum = (of: (runner: RunnerView) => number) =>
    runners.reduce((total, runner) => total + of(runner), 0);
  const tiles = [
    { term: 'Runners', value: count(runners.length) },
    { term: 'Running sandboxes', value: count(sum(({ sandboxes }) => sandboxes.length)) },
    {
      term: 'Free slots',
      value: `${count(sum(({ freeSlots }) => freeSlots))} of ${count(sum(({ slots }) => slots))}`,
    },
    {
      term: 'Waiting sandboxes',
      value: `${count(sum(({ pool }) => pool?.ready ?? 0))} of ${count(sum(({ pool }) => pool?.size ?? 0))}`,
    },
    { term: 'Memory of those', value: bytes(sum(({ pool }) => pool?.memoryBytes ?? 0)) },
  ];
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line lg:grid-cols-5">
      {tiles.map(({ term, value }) => (
        <div
          key={term}
          className="flex flex-col gap-0.5 bg-surface px-4 py-3 last:col-span-2 lg:last:col-span-1"
        >
          <dt className="text-sm text-muted">{term}</dt>
          <dd className="text-xl font-semibold tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
