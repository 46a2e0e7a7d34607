// What every migration has to say, so that servers of two versions can stand side by side while one takes the
// place of the other.
import { expect, test } from 'vitest';
import { readMigrations } from './migrate.ts';

/** Those up to here are from before it was asked for. */
const SILENT_UP_TO = 49;
/** After these an older server would find what it needs gone, or could not write any more. */
const TAKES_AWAY =
  /\bdrop\s+(table|column|view|function)\b|\brename\b|\balter\s+(column\s+)?\w+\s+(set\s+data\s+)?type\b|\bset\s+not\s+null\b/i;

const migrations = (await readMigrations(new URL('./migrations/', import.meta.url), 'src/db/migrations')).filter(
  ({ number }) => number > SILENT_UP_TO,
);

test.each(migrations)('$name says beside which versions it can be applied', ({ number, serversFrom }) => {
  expect(serversFrom).not.toBeNull();
  expect(serversFrom).toBeLessThanOrEqual(number);
});

test.each(migrations)('$name takes nothing away from a version that is to work beside it', (migration) => {
  const { number, serversFrom, text } = migration;
  const statements = text.replace(/--.*$/gm, '');
  if (TAKES_AWAY.test(statements)) expect(serversFrom).toBe(number);
});
