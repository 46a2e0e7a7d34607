// Time as an interface, so that expiry and leases are tested without waiting. Moments within one process are
// milliseconds of `performance.now()`: that clock only goes forward, whoever sets the machine's.

export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** The moment as a date, for people and other processes; right as long as nobody sets the machine's clock. */
export function dateOfMoment(moment: number): Date {
  return new Date(Date.now() + moment - performance.now());
}

/** The date as a moment of this process; right as long as nobody sets the machine's clock. */
export function momentOfDate(date: Date): number {
  return date.getTime() - Date.now() + performance.now();
}
