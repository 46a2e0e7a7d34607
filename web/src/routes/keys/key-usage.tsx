// The requests of each key, day by day: one report for all keys of the page.
import type { CommandOutput } from '../../api/seed.ts';
import { useCommand, useSeed } from '../../api/use-command.ts';
import { count } from '../../format/readable.ts';

type Report = CommandOutput<'obs requests'>;

/** With today thirty days in UTC. */
const SINCE = '29d';

export type KeyUsage = NonNullable<ReturnType<typeof usageOf>>;

/** @returns null for a key of which the report does not tell, because there are too many busier ones */
export function useKeyUsage(): { isOffered: boolean; of(id: string): KeyUsage | null | undefined } {
  const { may } = useSeed();
  const isOffered = may('obs requests');
  const { data } = useCommand('obs requests', { by: 'key', daily: true, since: SINCE }, { enabled: isOffered });
  return { isOffered, of: (id) => data && usageOf(data, id) };
}

function usageOf({ items, cut, from, to }: Report, id: string) {
  const found = items.find(({ group }) => group === id);
  if (!found && cut > 0) return null;
  const days = Math.floor(Date.parse(to) / DAY_MS) - Math.floor(Date.parse(from) / DAY_MS) + 1;
  const daily = found?.daily ?? Array.from({ length: days }, () => 0);
  const total = found?.requests ?? 0;
  const told = `${total === 0 ? 'No' : count(total)} ${total === 1 ? 'request' : 'requests'} in ${daily.length} days`;
  return { total, daily, told };
}

const DAY_MS = 86_400_000;

interface SparklineProps {
  values: readonly number[];
  /** What it says, for those who do not see it. */
  label: string;
  className?: string;
}

const HEIGHT = 20;
const STEP = 4;

/** A small row of bars, one for each day. What it shows is told in words as well. */
export function Sparkline({ values, label, className = 'h-5 w-30' }: SparklineProps) {
  const greatest = Math.max(...values, 1);
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${values.length * STEP} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={className}
    >
      {values.map((value, day) => {
        // A day with little is still seen; one with nothing is a dash on the ground.
        const height = value === 0 ? 1 : Math.max((value / greatest) * HEIGHT, 2);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a day is its index
            key={day}
            x={day * STEP}
            y={HEIGHT - height}
            width={STEP - 1}
            height={height}
            className={value === 0 ? 'fill-line' : 'fill-accent'}
          />
        );
      })}
    </svg>
  );
}
