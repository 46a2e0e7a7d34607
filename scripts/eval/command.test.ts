// npm run eval as a person types it, as far as it needs no model and no sandbox.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { exec } from '../../src/lib/exec.ts';
import { TASKS } from './tasks.ts';

const SCRIPT = fileURLToPath(new URL('../eval.ts', import.meta.url));

describe('the command', () => {
  it('lists every task', async () => {
    const lines = (await exec(process.execPath, [SCRIPT, '--list'])).split('\n');
    for (const { name, kind } of TASKS)
      expect(lines.some((line) => line.includes(name) && line.includes(kind))).toBe(true);
  });

  it('says how it is called', async () => {
    expect(await exec(process.execPath, [SCRIPT, '--help'])).toContain('npm run eval -- --only');
  });
});
