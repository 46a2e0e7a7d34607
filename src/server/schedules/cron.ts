// Cron patterns, in local time: what may be written, and which local time comes next. Called by due-times.ts.
import { Cron } from 'croner';
import { SeedError } from '../../protocol/errors.ts';

/** Which local times a pattern names; a Date's UTC fields say one. */
export interface LocalTimes {
  /** The first behind the local time; null: none comes any more. */
  after(local: Date): Date | null;
}

const HINT =
  'Five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday), such as "0 7 * * MON-FRI".';
/** In words, such as @daily, and what they stand for. */
const NICKNAMES: Record<string, string> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/** @throws SeedError invalid_input for what is no pattern, or names no time that ever comes */
export function readCron(pattern: string): LocalTimes {
  const text = pattern.trim();
  const fields = (NICKNAMES[text.toLowerCase()] ?? text).split(/\s+/);
  if (fields.length !== 5)
    throw new SeedError('invalid_input', `cron: "${pattern}" has ${fields.length} fields and not five`, {
      hint: HINT,
    });
  const cron = parsed(pattern, fields.join(' '));
  const after = (local: Date) => cron.nextRun(local);
  // A leap year is in any eight years that follow one another, but for the turn of some centuries.
  if (after(new Date(Date.UTC(2000, 0, 1))) === null)
    throw new SeedError('invalid_input', `cron: "${pattern}" names a day that never comes`, {
      hint: 'Look at the day of month and the month: there is no 30th of February. L is the last day of a month.',
    });
  return { after };
}

function parsed(pattern: string, fields: string): Cron {
  try {
    return new Cron(fields, { timezone: 'UTC', mode: '5-part', paused: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^CronPattern: /, '') : String(cause);
    throw new SeedError('invalid_input', `cron: "${pattern}": ${why}`, { hint: HINT, cause });
  }
}
