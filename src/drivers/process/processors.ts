// Which of the host's processors a sandbox may use where its share of time cannot be limited.

import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';

/** A command prefix that binds what follows to `count` neighbouring processors; empty when that is all there are. */
export function chooseProcessors(
  count: number,
  available = availableParallelism(),
  first = randomInt(available),
): string[] {
  if (count >= available) return [];
  const chosen = Array.from({ length: count }, (_, index) => (first + index) % available);
  return ['taskset', '--cpu-list', chosen.join(',')];
}
