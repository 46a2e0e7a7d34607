// npm test: sets the machine up if need be, then runs every test. The last line counts them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { onProgress } from '../src/drivers/set-up/set-up-here.ts';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { ensureChromium } from './lib/chromium.ts';
import { setUpWithProgress } from './lib/set-up.ts';
import { type FileResult, readReport, sumOf } from './lib/test-report.ts';

/** With more files than these at fault it is not the load: nothing is run again. */
const MOST_AGAIN = 8;

await exitOnFailure(setUpWithProgress);
await ensureChromium(onProgress);
const folder = await mkdtemp(join(tmpdir(), 'seed-test-'));
let interrupted = false;

async function vitest(args: string[]) {
  const report = join(folder, 'report.json');
  await rm(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn('vitest', ['run', ...reporters, ...args], { stdio: 'inherit' });
  const interrupt = () => {
    interrupted = true;
    child.kill('SIGINT');
  };
  process.on('SIGINT', interrupt);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGINT', interrupt);
  return { code: code ?? 1, results: await readReport(report) };
}

/**
 * The cluster comes after all else: vitest makes what a project needs at the beginning of its run, and a cluster that
 * stands idle takes time from everybody's tests.
 */
const RUNS = [['--project=!cluster'], ['--project=cluster']];

async function runAll(runs: string[][]) {
  const all: { code: number; results: FileResult[] } = { code: 0, results: [] };
  for (const args of runs) {
    if (interrupted) break;
    const { code, results } = await vitest(args);
    all.code ||= code;
    all.results.push(...results);
  }
  return all;
}

const given = process.argv.slice(2);
let { code, results } = await runAll(given.length > 0 ? [given] : RUNS);
const unsteady = results.filter(({ ok }) => !ok).map(({ file }) => file);
if (!interrupted && unsteady.length > 0 && unsteady.length <= MOST_AGAIN) {
  // A machine under load fails what waits for a time: such a file gets the machine for itself, once, and is named.
  const names = unsteady.map((file) => relative(process.cwd(), file));
  process.stdout.write(`\nFailed beside others, and run once more alone: ${names.join(', ')}\n`);
  const again = await vitest(['--no-file-parallelism', ...unsteady]);
  results = [...results.filter(({ ok }) => ok), ...again.results];
  code = again.results.length < unsteady.length ? 1 : again.code;
  const steady = names.filter((_, index) => again.results.find(({ file }) => file === unsteady[index])?.ok);
  if (steady.length > 0) process.stdout.write(`Passed when alone, and worth a look: ${steady.join(', ')}\n`);
}
await rm(folder, { recursive: true, force: true });
const { passed, failed, skipped } = sumOf(results);
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exit(code === 0 && (passed === 0 || failed > 0) ? 1 : code);
