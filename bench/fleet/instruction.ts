// What a task of the measurement tells its pretended guest to do. Written by the measurement, read by
// guests-process.ts.

export type FleetInstruction =
  /** Works as soon as it starts. */
  | { kind: 'plain' }
  /** Says that it is there and works when the measurement lets all of them go. */
  | { kind: 'held' }
  /** Says so many events, one every so often, each with the moment at which it was said. */
  | { kind: 'speaker'; events: number; everyMs: number };

/** What it answers, so that nobody takes another's end for its own. */
export function answerOf(taskId: string): string {
  return `done ${taskId}`;
}

/** Milliseconds since 1970, with fractions: the same in all processes of this machine. */
export function momentMs(): number {
  return performance.timeOrigin + performance.now();
}
