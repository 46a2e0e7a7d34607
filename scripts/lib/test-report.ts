// What vitest's JSON report says of each file: read by npm test, which counts the tests by it.
import { readFile } from 'node:fs/promises';

/** The tests of one file by their ends, and whether something of it failed, a hook of the file included. */
export interface FileResult {
  file: string;
  passed: number;
  failed: number;
  skipped: number;
  ok: boolean;
  /** From its first test's start to its last one's end; others ran beside it. */
  tookMs: number;
}

interface ReportedFile {
  name: string;
  status: string;
  /** Moments, in milliseconds. */
  startTime: number;
  endTime: number;
  assertionResults: { status: string }[];
}

/** One result a file; none where the report is missing, as after a run that was broken off. */
export async function readReport(path: string): Promise<FileResult[]> {
  const report = JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as { testResults?: ReportedFile[] };
  return (report.testResults ?? []).map(({ name, status, startTime, endTime, assertionResults }) => {
    const count = (...ends: string[]) => assertionResults.filter((test) => ends.includes(test.status)).length;
    const passed = count('passed');
    const failed = count('failed');
    const skipped = assertionResults.length - passed - failed;
    const ok = status === 'passed' && failed === 0;
    return { file: name, passed, failed, skipped, ok, tookMs: endTime - startTime };
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
