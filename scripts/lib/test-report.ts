// What vitest's JSON report says of each file: read by npm test, which counts the tests by it.
import { readFile } from 'node:fs/promises';

/** The tests of one file by their ends, and whether something of it failed, a hook of the file included. */
export type FileResult = { file: string; passed: number; failed: number; skipped: number; ok: boolean };

type Report = { testResults?: { name: string; status: string; assertionResults: { status: string }[] }[] };

/** One result a file; none where the report is missing, as after a run that was broken off. */
export async function readReport(path: string): Promise<FileResult[]> {
  const { testResults = [] } = JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as Report;
  return testResults.map(({ name, status, assertionResults }) => {
    const count = (...ends: string[]) => assertionResults.filter((test) => ends.includes(test.status)).length;
    const passed = count('passed');
    const failed = count('failed');
    const skipped = assertionResults.length - passed - failed;
    return { file: name, passed, failed, skipped, ok: status === 'passed' && failed === 0 };
  });
}

/** The sums over all files. A file that failed without a failed test, in a hook or at its load, counts as one. */
export function sumOf(results: FileResult[]): { passed: number; failed: number; skipped: number } {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped, ok } of results) {
    sum.passed += passed;
    sum.failed += ok ? failed : Math.max(failed, 1);
    sum.skipped += skipped;
  }
  return sum;
}
