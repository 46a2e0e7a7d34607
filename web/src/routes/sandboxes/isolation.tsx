// How far a driver separates a sandbox from its host. Emulation is called so wherever it shows.
import type { RunnerView } from '../../../../src/protocol/runner.ts';
import { Badge } from '../../ui/badge.tsx';

type Isolation = NonNullable<RunnerView['isolation']>;

const NAMES: Record<Isolation, string> = {
  vm: 'virtual machine',
  'user-kernel': 'kernel of its own',
  emulated: 'emulated: no security boundary',
};

export function IsolationBadge({ isolation }: { isolation: Isolation }) {
  return <Badge tone={isolation === 'emulated' ? 'warn' : 'neutral'}>{NAMES[isolation]}</Badge>;
}
