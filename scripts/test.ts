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
/** A run of more files than these tells which of them took longest. */
const SLOWEST = 20;

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

/** vitest makes ready for all of its projects before their first test: a cluster would be in the way of the others. */
const runs = process.argv.length > 2 ? [process.argv.slice(2)] : [['--project=!cluster*'], ['--project=cluster*']];
let code = 0;
let results: FileResult[] = [];
for (const args of runs) {
  if (interrupted) break;
  const run = await vitest(args);
  code ||= run.code;
  results.push(...run.results);
}
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
if (results.length > SLOWEST) {
  const slowest = results.toSorted((one, other) => other.tookMs - one.tookMs).slice(0, SLOWEST);
  const lines = slowest.map(
    ({ file, tookMs }) => `${Math.round(tookMs / 1000)} s ${relative(process.cwd(), file)}`,
  );
  process.stdout.write(`\nThe files that took longest, others beside them:\n${lines.join('\n')}\n`);
}
const { passed, failed, skipped } = sumOf(results);
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exit(code === 0 && (passed === 0 || failed > 0) ? 1 : code);
