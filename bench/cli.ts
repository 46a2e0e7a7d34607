// npm run bench -- cli: how long the CLI takes to start, next to an empty program with the same Node; and a loop of
// commands in a real sandbox, next to `bash -c true` there. Fails when a command did not do what it should.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setUpWithProgress } from '../scripts/lib/set-up.ts';
import { toManifest } from '../src/command/manifest.ts';
import { BUILT_IN } from '../src/server/built-in.ts';
import { bundleCli, renderCli } from '../src/server/http/cli-bundle.ts';
import { measureLoop } from './cli/sandbox-loop.ts';
import { median, percentile, round } from './statistics.ts';
import { printTable } from './table.ts';

const RUNS = 25;
const LOOP_RUNS = 200;

await setUpWithProgress();
const folder = mkdtempSync(join(tmpdir(), 'seed-bench-cli-'));
const empty = join(folder, 'empty.mjs');
const cli = join(folder, 'seed.mjs');
writeFileSync(empty, '');
writeFileSync(cli, renderCli(await bundleCli(), toManifest(BUILT_IN, 'bench')));
const emptyTimes: number[] = [];
const cliTimes: number[] = [];
// In turn, so that what else the machine does hits both.
for (let run = -1; run < RUNS; run += 1) {
  const [one, other] = [timeOf([empty]), timeOf([cli, 'keys', 'list', '--help'])];
  if (run < 0) continue;
  emptyTimes.push(one);
  cliTimes.push(other);
}
rmSync(folder, { recursive: true });
const emptyMs = median(emptyTimes);
const cliMs = median(cliTimes);
const loop = await measureLoop(LOOP_RUNS);
const bashMs = median(loop.bash);
printTable([
  ['start of the process until its end, median', 'time', 'ratio', 'promised'],
  ['an empty program', `${round(emptyMs)} ms`],
  ['seed keys list --help', `${round(cliMs)} ms`, `${round(cliMs / emptyMs, 2)} × empty`, '≤ 1.5 ×'],
  [`in a sandbox, ${LOOP_RUNS} times: bash -c true`, `${round(bashMs)} ms`],
  loopRow('seed whoami, which asks the server', loop.asking, '≤ 2 ×'),
  loopRow('seed --version, which does not', loop.local),
  loopRow('seed whoami by a Node of its own', loop.node),
]);
const measured = {
  emptyMs,
  cliMs,
  sandboxBashMs: bashMs,
  sandboxSeedMs: median(loop.asking),
  sandboxSeedP95Ms: percentile(loop.asking, 95),
  sandboxSeedLocalMs: median(loop.local),
  sandboxNodeMs: median(loop.node),
};
const rounded = Object.entries(measured).map(([name, value]) => [name, round(value, 3)]);
process.stdout.write(`${JSON.stringify(Object.fromEntries(rounded))}\n`);

function loopRow(name: string, times: readonly number[], promised?: string): string[] {
  const ms = median(times);
  const row = [`in a sandbox: ${name}`, `${round(ms)} ms`, `${round(ms / bashMs, 2)} × bash`];
  return promised === undefined ? row : [...row, promised];
}

function timeOf(args: readonly string[]): number {
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
  return performance.now() - startedAt;
}
