// One runner: its driver, pool and snapshot, the sandboxes that run, and what the probes of drivers said.
import { type ReactNode, useId } from 'react';
import type { PoolState, RunnerView } from '../../../../src/protocol/runner.ts';
import { bytes } from '../../format/numbers.ts';
import { duration } from '../../format/times.ts';
import { Status } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Fact, Facts } from '../../ui/facts.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { IsolationBadge } from './isolation.tsx';
import { Probes } from './probes.tsx';
import { RunningSandboxes } from './running-sandboxes.tsx';

export function Runner({ runner }: { runner: RunnerView }) {
  const { name, driver, isolation, slots, freeSlots, pool, snapshot, probes, sandboxes, lastSeen } = runner;
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
      <Facts>
        <Fact term="Slots">
          {slots - freeSlots} of {slots} taken
        </Fact>
        <Fact term="Pool">{pool ? <Pool pool={pool} /> : <span className="text-muted">none</span>}</Fact>
        {snapshot && (
          <>
            <Fact term="Snapshot">
              <Hash text={snapshot.id} label="Copy the id of the snapshot" />
            </Fact>
            <Fact term="Image">
              <Hash text={snapshot.imageId} label="Copy the id of the image" />
            </Fact>
          </>
        )}
      </Facts>
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

function Hash({ text, label }: { text: string; label: string }) {
  return (
    <span className="-my-1.5 flex items-center gap-1">
      <code className="truncate font-mono text-sm">{text}</code>
      <CopyButton text={text} label={label} />
    </span>
  );
}
