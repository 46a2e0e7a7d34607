// npm run bench -- cli: how long the CLI takes to start, next to an empty program with the same Node. No server is
// needed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toManifest } from '../src/command/manifest.ts';
import { BUILT_IN } from '../src/server/built-in.ts';
import { bundleCli, renderCli } from '../src/server/http/cli-bundle.ts';
import { median, round } from './statistics.ts';
import { printTable } from './table.ts';

const RUNS = 25;

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
printTable([
  ['start of the process until its end, median', 'time', 'ratio', 'promised'],
  ['an empty program', `${round(emptyMs)} ms`],
  ['seed keys list --help', `${round(cliMs)} ms`, `${round(cliMs / emptyMs, 2)} × empty`, '≤ 1.5 ×'],
]);
process.stdout.write(`${JSON.stringify({ emptyMs: round(emptyMs, 3), cliMs: round(cliMs, 3) })}\n`);

function timeOf(args: readonly string[]): number {
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
  return performance.now() - startedAt;
}
