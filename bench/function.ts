// npm run bench -- function: how long the built function takes to be imported by a fresh process, beside bare Hono
// and an empty program with the same Node, by turns; and the same where Node keeps what it has compiled.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildFunction } from '../deploy/vercel/build.ts';
import { env } from '../src/lib/env.ts';
import { median, round } from './statistics.ts';
import { printTable } from './table.ts';

const RUNS = 10;

interface Measured {
  /** From the process until its end. */
  wholeMs: number;
  importMs: number;
  /** Of the processor, by the import. */
  cpuMs: number;
}

const folder = mkdtempSync(join(tmpdir(), 'seed-bench-function-'));
try {
  const { bytes } = await buildFunction(join(folder, 'function'), { examples: true, dashboard: false });
  const hrefOf = (path: string) => pathToFileURL(join(folder, 'function', path)).href;
  const kept = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
  const measured = measureByTurns({
    'an empty program': () => timeOf(null),
    'bare Hono': () => timeOf(hrefOf('node_modules/hono/dist/index.js')),
    'the function': () => timeOf(hrefOf('index.js')),
    'the function, compiled before': () => timeOf(hrefOf('index.js'), kept),
  });
  const [empty, hono, ...functions] = measured;
  if (empty === undefined || hono === undefined) throw new Error('nothing was measured');
  printTable([
    [
      `median of ${RUNS}, at a load of ${loadavg()
        .map((load) => round(load))
        .join(' ')}`,
      'import',
      'of it processor',
      'process',
      'ratio',
      'wanted',
    ],
    rowOf(empty),
    rowOf(hono),
    ...functions.map((each) => [
      ...rowOf(each),
      `${round(each.wholeMs / hono.wholeMs, 2)} × bare Hono`,
      'import ≤ 200 ms',
    ]),
  ]);
  process.stdout.write(`${JSON.stringify({ bytes, load: loadavg()[0], measured })}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

/** In turn, so that what else the machine does hits all; the first round is for what the machine keeps. */
function measureByTurns(programs: Record<string, () => Measured>): ({ name: string } & Measured)[] {
  const times = Object.entries(programs).map(([name, time]) => ({ name, time, all: [] as Measured[] }));
  for (let run = -1; run < RUNS; run += 1)
    for (const { time, all } of times) {
      const measured = time();
      if (run >= 0) all.push(measured);
    }
  return times.map(({ name, all }) => ({
    name,
    wholeMs: median(all.map(({ wholeMs }) => wholeMs)),
    importMs: median(all.map(({ importMs }) => importMs)),
    cpuMs: median(all.map(({ cpuMs }) => cpuMs)),
  }));
}

function timeOf(href: string | null, more: Record<string, string> = {}): Measured {
  const program = `const begun = performance.now(), used = process.cpuUsage();
    ${href === null ? '' : `await import(${JSON.stringify(href)});`}
    const { user, system } = process.cpuUsage(used);
    console.log(JSON.stringify({ importMs: performance.now() - begun, cpuMs: (user + system) / 1000 }));`;
  const startedAt = performance.now();
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: env('PATH') ?? '', ...more },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`the program ended with ${status}`);
  return { wholeMs: performance.now() - startedAt, ...JSON.parse(stdout) };
}

function rowOf({ name, importMs, cpuMs, wholeMs }: { name: string } & Measured): string[] {
  return [name, `${round(importMs)} ms`, `${round(cpuMs)} ms`, `${round(wholeMs)} ms`];
}
