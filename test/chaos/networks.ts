// Lines between processes that are cut, freeze, or become slow.
import type { CuttableLine } from '../fixtures/cuttable-line.ts';
import { type Fault, there } from './fault.ts';
import type { Stack } from './stack.ts';
import { seconds } from './wait.ts';

interface Line {
  name: string;
  what: string;
  of(stack: Stack): CuttableLine | undefined;
  /** How late each piece is when it is slow. */
  slowMs: number;
}

const LINES: Line[] = [
  {
    name: 'runner-line',
    what: 'between runner and server',
    of: ({ runnerLines }) => runnerLines[0],
    slowMs: 300,
  },
  {
    name: 'database-line',
    what: 'between server and database',
    of: ({ databaseLines }) => databaseLines[0],
    slowMs: 60,
  },
];

export const NETWORKS: Fault[] = LINES.flatMap((line) => [
  broken(line, 'frozen', 15, (it) => it.freeze()),
  broken(line, 'frozen', 55, (it) => it.freeze()),
  broken(line, 'cut', 15, (it) => it.cut()),
  broken(line, 'cut', 55, (it) => it.cut()),
  broken(line, 'slow', 15, (it) => it.slow(line.slowMs)),
]);

function broken(
  { name, what, of }: Line,
  how: string,
  length: number,
  breakIt: (line: CuttableLine) => void,
): Fault {
  return {
    name: `${name}-${how}-${length}`,
    what: `the line ${what} is ${how} for ${length} s`,
    stack: 'one',
    happen: async (stack, signal) => {
      const line = there(of(stack));
      breakIt(line);
      try {
        await seconds(length, signal);
      } finally {
        line.mend();
      }
    },
  };
}
