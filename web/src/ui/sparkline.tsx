// A small row of bars, one for each day. What it shows is told in words as well.
interface SparklineProps {
  values: readonly number[];
  /** What it says, for those who do not see it. */
  label: string;
  className?: string;
}

const HEIGHT = 20;
const STEP = 4;

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
        // A day with little is still seen; one with nothing is a line on the ground.
        const height = value === 0 ? 1 : Math.max((value / greatest) * HEIGHT, 2);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a day is its place
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
