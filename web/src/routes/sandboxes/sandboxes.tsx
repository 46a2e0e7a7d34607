// /sandboxes: every runner that is connected, kept up to date while it is looked at.

import type { RunnerView } from '../../../../src/protocol/runner.ts';
import { useCommand } from '../../api/use-command.ts';
import { bytes, count } from '../../format/numbers.ts';
import { CodeBlock } from '../../ui/code.tsx';
import { PageFrame } from '../../ui/page-frame.tsx';
import { EmptyState, ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { Runner } from './runner.tsx';

const REFRESH_MS = 2_000;

export function Sandboxes() {
  const { data, error, refetch } = useCommand('sandboxes list', {}, { refreshMs: REFRESH_MS });
  const runners = data?.items ?? [];
  return (
    <PageFrame title="Sandboxes">
      {error && <ErrorNotice error={error} retry={() => void refetch()} />}
      {!data && !error && <SkeletonRows rows={5} />}
      {data && runners.length === 0 && <NoRunner />}
      {runners.length > 0 && (
        <>
          <Capacity runners={runners} />
          {runners.map((runner) => (
            <Runner key={runner.id} runner={runner} />
          ))}
        </>
      )}
    </PageFrame>
  );
}

function NoRunner() {
  return (
    <EmptyState
      icon="cube"
      title="No runner is connected"
      action={
        <CodeBlock
          text={`SEED_SERVER_URL=${window.location.origin} SEED_RUNNER_TOKEN=… node src/runner/main.ts`}
          label="Copy the command"
          className="max-w-full text-left"
        />
      }
    >
      A runner is the process that starts sandboxes and runs tasks in them: until one is connected, tasks
      wait. <code className="font-mono text-sm">npm start</code> brings one; on another machine it is started
      by hand.
    </EmptyState>
  );
}

/** All runners together: what runs, what is free, what waits. */
function Capacity({ runners }: { runners: readonly RunnerView[] }) {
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
