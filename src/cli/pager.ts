// Text that is longer than the terminal goes through $PAGER, where one is set. Used by run.ts and answer-view.ts.
import type { Io } from './io.ts';

/** Writes it to the output, or shows it in the pager. */
export function page(io: Io, text: string): void {
  const { stdout } = io;
  const command = io.env('PAGER');
  const isLong = text.split('\n').length > (stdout.rows ?? Number.POSITIVE_INFINITY);
  if (stdout.isTerminal && command !== undefined && command !== 'cat' && isLong && io.showIn?.(command, text))
    return;
  stdout.write(text);
}
