// /sandboxes: every runner that is connected, kept up to date while it is looked at.
import { Link } from '@tanstack/react-router';
import { type ReactNode, useId } from 'react';
import type { PoolState, RunnerView } from '../../../../src/protocol/runner.ts';
import { seedAddress } from '../../api/base-path.ts';
import { useCommand, useSeed } from '../../api/use-command.ts';
import { bytes, count, duration } from '../../format/readable.ts';
import { Badge, Status } from '../../ui/badge.tsx';
import { CodeBlock, CopyableId } from '../../ui/code.tsx';
import { Facts, PageFrame, Tile, Tiles } from '../../ui/page-frame.tsx';
import { RelativeTime, timeColumn } from '../../ui/relative-time.tsx';
import { Answer, EmptyState } from '../../ui/states.tsx';
import { type Column, KeyedRows, ROW_LINK, Table } from '../../ui/table.tsx';

const REFRESH_MS = 2_000;

export function Sandboxes() {
  const sandboxes = useCommand('sandboxes list', {}, { refreshMs: REFRESH_MS });
  return (
    <PageFrame title="Sandboxes">
      <Answer query={sandboxes}>
        {({ items: runners }) =>
          runners.length === 0 ? (
            <NoRunner />
          ) : (
            <>
              <Capacity runners={runners} />
              {runners.map((runner) => (
                <Runner key={runner.id} runner={runner} />
              ))}
            </>
          )
        }
      </Answer>
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
          text={`SEED_SERVER_URL=${seedAddress()} SEED_RUNNER_TOKEN=… node src/runner/main.ts`}
          label="Copy the command"
          className="max-w-full text-left"
        />
      }
    >
      A runner is the process that starts sandboxes and runs tasks in them: until one is connected, tasks wait.{' '}
      <code className="font-mono text-sm">npm start</code> brings one; on another machine it is started by hand.
    </EmptyState>
  );
}

function Capacity({ runners }: { runners: readonly RunnerView[] }) {
  const sum = (of: (runner: RunnerView) => number) => runners.reduce((total, runner) => total + of(runner), 0);
  const slots = sum((runner) => runner.slots);
  const freeSlots = sum((runner) => runner.freeSlots);
  const ready = sum(({ pool }) => pool?.ready ?? 0);
  const poolSize = sum(({ pool }) => pool?.size ?? 0);
  return (
    <Tiles>
      <Tile term="Runners" value={count(runners.length)} />
      <Tile term="Running sandboxes" value={count(sum(({ sandboxes }) => sandboxes.length))} />
      <Tile term="Free slots" value={`${count(freeSlots)} of ${count(slots)}`} />
      <Tile term="Waiting sandboxes" value={`${count(ready)} of ${count(poolSize)}`} />
      <Tile term="Memory of those" value={bytes(sum(({ pool }) => pool?.memoryBytes ?? 0))} />
    </Tiles>
  );
}

function Runner({ runner }: { runner: RunnerView }) {
  const { name, version, driver, isolation, slots, freeSlots, pool, snapshot, probes, sandboxes, lastSeen } =
    runner;
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className="flex flex-col gap-5 rounded-lg border border-line bg-surface p-4 lg:p-5"
    >
      <header className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <h2 id={id} className="flex min-w-0 flex-wrap items-center gap-2 font-semibold">
          <span className="wrap-anywhere">{name}</span>
          {driver && <span className="font-mono text-sm font-normal text-muted">{driver}</span>}
          {isolation && <IsolationBadge isolation={isolation} />}
        </h2>
        <span className="text-sm">
          {driver === null ? (
            <Status tone="bad">Takes no tasks: no driver works</Status>
          ) : (
            <Status tone="ok">
              <span>
                Heard of <RelativeTime at={lastSeen} />
              </span>
            </Status>
          )}
        </span>
      </header>
      <Facts
        of={{
          Version: version,
          Slots: `${slots - freeSlots} of ${slots} taken`,
          Pool: pool ? <Pool pool={pool} /> : <span className="text-muted">none</span>,
          Snapshot: snapshot && <CopyableId id={snapshot.id} label="Copy the id of the snapshot" />,
          Image: snapshot && <CopyableId id={snapshot.imageId} label="Copy the id of the image" />,
        }}
      />
      <Part title="Running sandboxes">
        <RunningSandboxes sandboxes={sandboxes} />
      </Part>
      <Part title="Drivers">
        <Probes probes={probes} driver={driver} />
      </Part>
    </section>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <h3 className="text-sm font-medium text-muted">{title}</h3>
      {children}
    </div>
  );
}

function Pool({ pool: { ready, size, memoryBytes, memoryLimitBytes, maxAgeMs } }: { pool: PoolState }) {
  return (
    <>
      {ready} of {size} wait, {bytes(memoryBytes)} of {bytes(memoryLimitBytes)} in use
      <span className="text-muted">; replaced after {duration(maxAgeMs)}</span>
    </>
  );
}

type RunningSandbox = RunnerView['sandboxes'][number];

const COLUMNS: readonly Column<RunningSandbox>[] = [
  { title: 'Task', cell: (sandbox) => <Task sandbox={sandbox} /> },
  {
    title: 'Phase',
    cell: ({ phase }) => (
      <Status tone="info" live>
        {phase ?? 'starting'}
      </Status>
    ),
  },
  timeColumn('Started', ({ startedAt }) => startedAt, 'sm'),
  timeColumn('Deadline', ({ deadline }) => deadline),
];

/** The tasks in a runner's sandboxes. Of another account's it is only known that they are there. */
function RunningSandboxes({ sandboxes }: { sandboxes: readonly RunningSandbox[] }) {
  if (sandboxes.length === 0) return <p className="text-muted">None: no task runs here now.</p>;
  return (
    <KeyedRows what="sandbox">
      <Table label="Running sandboxes" columns={COLUMNS} rows={sandboxes} rowKey={({ taskId }) => taskId} />
    </KeyedRows>
  );
}

function Task({ sandbox: { taskId, accountId } }: { sandbox: RunningSandbox }) {
  const { account, may } = useSeed();
  if (accountId === account.id && may('tasks get')) {
    return (
      <Link data-row to="/tasks/$id" params={{ id: taskId }} className={`${ROW_LINK} font-mono text-sm`}>
        {taskId}
      </Link>
    );
  }
  return (
    <>
      <span className="font-mono text-sm">{taskId}</span>
      {accountId !== account.id && (
        <span className="block text-sm text-muted">of account {accountId.slice(0, 8)}</span>
      )}
    </>
  );
}

type Probe = RunnerView['probes'][number];

/** The drivers that the runner tried, strongest first, and what came of it. */
function Probes({ probes, driver }: { probes: readonly Probe[]; driver: string | null }) {
  return (
    <ul className="divide-y divide-line rounded-lg border border-line">
      {probes.map((probe) => (
        <li key={probe.driver} className="flex flex-col gap-1 px-4 py-2.5">
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="font-mono text-sm font-medium">{probe.driver}</span>
            <Status tone={probe.usable ? 'ok' : 'neutral'}>{outcome(probe, driver)}</Status>
            <IsolationBadge isolation={probe.isolation} />
          </span>
          {probe.warning && <p className="text-sm wrap-anywhere">{probe.warning}</p>}
          {probe.why && <p className="text-sm whitespace-pre-wrap text-muted wrap-anywhere">{probe.why}</p>}
        </li>
      ))}
    </ul>
  );
}

function outcome(probe: Probe, driver: string | null): string {
  if (!probe.usable) return 'Does not work here';
  return probe.driver === driver ? 'Works, in use' : 'Works';
}

type Isolation = NonNullable<RunnerView['isolation']>;

const NAMES: Record<Isolation, string> = {
  vm: 'virtual machine',
  'user-kernel': 'kernel of its own',
  container: 'container: the kernel of its node',
  emulated: 'emulated: no security boundary',
};

/** How far a driver separates a sandbox from its host. Emulation is called so wherever it shows. */
function IsolationBadge({ isolation }: { isolation: Isolation }) {
  return <Badge tone={isolation === 'emulated' ? 'warn' : 'neutral'}>{NAMES[isolation]}</Badge>;
}
