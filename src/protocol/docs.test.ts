// The pages that list codes and limits are complete and true.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DELETION_LIMITS } from './account-deletion.ts';
import { EXPORT_LIMITS } from './account-export.ts';
import { BACKGROUND_LIMITS } from './background-call.ts';
import { BATCH_LIMITS } from './batch-limits.ts';
import { ERROR_STATUS, TASK_ERROR_CODES } from './errors.ts';
import { LIMITS } from './limits.ts';
import { SCHEDULE_LIMITS } from './schedule-limits.ts';

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  it('lists every code with its status, and no other', () => {
    const rows = [...page('errors.md').matchAll(/^\| `(\w+)` +\| (\d+|–) +\|/gm)].map((row) => [row[1], row[2]]);
    expect(rows.map(([code]) => code).sort()).toEqual(Object.keys(ERROR_STATUS).sort());
    for (const [code, status] of rows) {
      if (status !== '–') expect(Number(status)).toBe(ERROR_STATUS[code as keyof typeof ERROR_STATUS]);
    }
  });

  it('docs/tasks.md names every reason for failed', () => {
    for (const code of TASK_ERROR_CODES) expect(page('tasks.md')).toContain(`\`${code}\``);
  });
});

describe('docs/limits.md', () => {
  it('lists every limit with its value', () => {
    const limits = Object.fromEntries(
      Object.entries({
        ...LIMITS,
        ...SCHEDULE_LIMITS,
        ...BACKGROUND_LIMITS,
        ...BATCH_LIMITS,
        ...EXPORT_LIMITS,
        ...DELETION_LIMITS,
      }).flatMap(([name, limit]) =>
        typeof limit === 'number'
          ? [[name, limit]]
          : Object.entries(limit).map(([inner, value]) => [`${name}.${inner}`, value]),
      ),
    );
    const rows = [...page('limits.md').matchAll(/^\| `([\w.]+)`[^|]*\| (\d+) +\|$/gm)].map((row) => [
      row[1],
      Number(row[2]),
    ]);
    expect(Object.fromEntries(rows)).toEqual(limits);
  });
});
