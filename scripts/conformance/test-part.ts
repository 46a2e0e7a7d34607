// Parts that are tests of this repository, which npm test runs anyway: for whoever wants to see them alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readReport, sumOf } from '../lib/test-report.ts';
import type { ConformancePart } from './part.ts';

/** @param files integration tests, each with a Seed of its own and what it needs beside */
export function testPart(name: string, what: string, ...files: string[]): ConformancePart {
  return {
    name,
    what,
    isTest: true,
    why: () => null,
    run: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'seed-part-'));
      try {
        const report = join(folder, 'report.json');
        const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
        const args = ['run', '--project', 'integration', ...reporters, ...files];
        await once(spawn('vitest', args, { stdio: ['ignore', 'inherit', 'inherit'] }), 'exit');
        const { passed, failed, skipped } = sumOf(await readReport(report));
        const notes = skipped > 0 ? [`${skipped} skipped: above it says why`] : [];
        return { passed, failed: passed + failed === 0 ? 1 : failed, notes };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
