// The drivers that the runner tried, strongest first, and what came of it.
import type { RunnerView } from '../../../../src/protocol/runner.ts';
import { Status } from '../../ui/badge.tsx';
import { IsolationBadge } from './isolation.tsx';

type Probe = RunnerView['probes'][number];

export function Probes({ probes, driver }: { probes: readonly Probe[]; driver: string | null }) {
  return (
    <ul className="divide-y divide-line rounded-lg border border-line">
      {probes.map((probe) => (
        <li key={probe.driver} className="flex flex-col gap-1 px-4 py-2.5">
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="font-mono text-sm font-medium">{probe.driver}</span>
            <Status tone={probe.usable ? 'ok' : 'neutral'}>{outcome(probe, driver)}</Status>
            <IsolationBadge isolation={probe.isolation} />
          </span>
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
