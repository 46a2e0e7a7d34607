// npm run bench -- start: how long until an agent asks its model for the first time: bare, cold, warm, in a burst;
// and what a task and a sandbox cost. All in one run, so that the ratios mean something on any machine.
// `--driver`, SEED_DRIVER and SEED_RUNSC choose what runs the sandboxes, as for `npm start`.
import { setTimeout as sleep } from 'node:timers/promises';
import { setUpWithProgress } from '../scripts/lib/set-up.ts';
import { describeFailure } from '../src/lib/process-life.ts';
import { measureBare } from './start/bare.ts';
import { clusterRows, measureCluster } from './start/cluster.ts';
import { cpuSeconds, memoryBelow, ownCpuSeconds } from './start/footprint.ts';
import { measuredBlock, takeDriverFlag } from './start/machine.ts';
import { startModelServer, TWO_CALLS } from './start/model-server.ts';
import { measureRestore } from './start/restore.ts';
import { type BenchSeed, startBenchSeed } from './start/seed.ts';
import { type Steps, stepRows, stepsOf } from './start/steps.ts';
import { median, percentile, round } from './statistics.ts';
import { printTable } from './table.ts';

const RUNS = 15;
const BURST = 20;

const isForPasting = await takeDriverFlag(process.argv.slice(2)).catch(stop);
await setUpWithProgress();
const model = await startModelServer();
say(`bare: pi -p, ${RUNS + 1} times`);
const bare = await measureBare(model, RUNS + 1);
say(`restore: a sandbox from the snapshot, ${RUNS} times`);
const restore = await measureRestore(RUNS);
say(`cold: ${RUNS + 2} tasks from the snapshot`);
const cold = await withSeed({ slots: 2, poolSize: 0 }, (seed) => measureOneByOne(seed, 'cold', 0));
say(`warm: ${RUNS + 2} tasks from the pool`);
const warm = await withSeed({ slots: 2, poolSize: 2 }, (seed) => measureOneByOne(seed, 'warm', 2));
say(`burst: ${BURST} tasks at once from a pool of ${BURST}`);
const burst = await withSeed({ slots: BURST, poolSize: BURST }, measureBurst);
const cluster = await measureCluster(model, say);
model.close();
await report();

/** Progress, beside the table and the line of JSON on stdout. */
function say(message: string): void {
  process.stderr.write(`· ${message}\n`);
}

async function withSeed<Result>(
  settings: { slots: number; poolSize: number },
  measure: (seed: BenchSeed) => Promise<Result>,
): Promise<Result> {
  const seed = await startBenchSeed(model, settings);
  try {
    await seed.poolIsReady(settings.poolSize);
    return await measure(seed);
  } finally {
    await seed.stop();
  }
}

/** Processor seconds by what has used them. */
interface Cpu {
  server: number;
  runner: number;
  sandbox: number;
}

interface OneByOne {
  times: number[];
  steps: Steps[];
  /** Of a whole two-call task, on average. */
  cpu: Cpu;
}

/** The first two runs are thrown away: server and runner compile what they need. */
async function measureOneByOne(seed: BenchSeed, name: string, poolSize: number): Promise<OneByOne> {
  const times: number[] = [];
  const steps: Steps[] = [];
  let sandboxSeconds = 0;
  const used = async () => ({
    server: await cpuSeconds([seed.serverPid]),
    runner: await ownCpuSeconds(seed.runnerPid),
  });
  let before = await used();
  for (let run = -2; run < RUNS; run += 1) {
    if (run === 0) before = await used();
    const started = await seed.runTask(`${name}-${run}-mark ${TWO_CALLS}`);
    await seed.poolIsReady(poolSize);
    if (run < 0) continue;
    times.push(started.firstRequestMs);
    steps.push(stepsOf(started));
    sandboxSeconds += started.task.usage?.cpuSeconds ?? Number.NaN;
  }
  const after = await used();
  const cpu = {
    server: (after.server - before.server) / RUNS,
    runner: (after.runner - before.runner) / RUNS,
    // From its start to its end, measured by its control group where there is one.
    sandbox: sandboxSeconds / RUNS,
  };
  return { times, steps, cpu };
}

interface Burst {
  times: number[];
  startsPerSecond: number;
  startsPerCoreSecond: number;
  memoryBytesPerSandbox: number;
}

async function measureBurst(seed: BenchSeed): Promise<Burst> {
  await seed.runTask('burst-first-mark');
  await seed.poolIsReady(BURST);
  const memoryBytesPerSandbox = (await memoryBelow(seed.runnerPid)) / BURST;
  const marks = Array.from({ length: BURST }, (_, index) => `burst-${index}-mark`);
  const all = await Promise.all(marks.map((mark) => seed.runTask(mark)));
  while ((await seed.runners())[0]?.sandboxes.length !== 0) await sleep(20);
  const refillsFrom = performance.now();
  const cpuFrom = await cpuSeconds([seed.runnerPid]);
  const { ready = 0 } = (await seed.runners())[0]?.pool ?? {};
  await seed.poolIsReady(BURST);
  const starts = BURST - ready;
  return {
    times: all.map(({ firstRequestMs }) => firstRequestMs),
    startsPerSecond: (starts * 1000) / (performance.now() - refillsFrom),
    startsPerCoreSecond: starts / ((await cpuSeconds([seed.runnerPid])) - cpuFrom),
    memoryBytesPerSandbox,
  };
}

function stop(error: unknown): never {
  process.stderr.write(describeFailure(error));
  process.exit(1);
}

async function report(): Promise<void> {
  const bareMs = median(bare.slice(1));
  const coldMs = median(cold.times);
  const warmMs = median(warm.times);
  const burst20P50Ms = percentile(burst.times, 50);
  const burst20P99Ms = percentile(burst.times, 99);
  const { startsPerSecond, startsPerCoreSecond, memoryBytesPerSandbox } = burst;
  const { cpu } = warm;
  const restoreCpuSeconds = median(restore.cpuSeconds);
  const cpuSecondsPerTask = cpu.server + cpu.runner + cpu.sandbox;
  const ratio = (one: number, other: number) => `${round(one / other, 2)} ×`;
  const seconds = (value: number) => `${round(value, 2)} s`;
  printTable([
    [restore.driver, 'measured', 'ratio', 'promised'],
    ['first model request, median'],
    ['  bare: from the start of pi -p on this machine', ms(bareMs)],
    ['  cold: from POST, no sandbox waiting', ms(coldMs), `${ratio(coldMs, bareMs)} bare`, '≤ 0.6 ×'],
    ['  warm: from POST, with a waiting sandbox', ms(warmMs), `${ratio(warmMs, bareMs)} bare`, '≤ 0.08 ×'],
    [`  ${BURST} at once, ${BURST} waiting: p50`, ms(burst20P50Ms)],
    [
      `  ${BURST} at once, ${BURST} waiting: p99`,
      ms(burst20P99Ms),
      `${ratio(burst20P99Ms, burst20P50Ms)} p50`,
      '≤ 2 ×',
    ],
    ...stepRows('  cold', cold.steps),
    ['  cold: of that, the restore until the guest answers (measured alone)', ms(median(restore.times))],
    ...stepRows('  warm', warm.steps),
    ['processor time, user and kernel'],
    ['  a task of two calls, all processes', seconds(cpuSecondsPerTask), '', '≤ 0.6 s'],
    ['    its sandbox, from its start to its end', seconds(cpu.sandbox)],
    ['      of that, until its guest answers, with its end (measured alone)', seconds(restoreCpuSeconds)],
    ['    the runner', seconds(cpu.runner)],
    ['    the server and its database', seconds(cpu.server)],
    ['sandboxes started ahead', `${round(startsPerSecond, 2)} a second`],
    ['  for each second of a processor', `${round(startsPerCoreSecond, 2)}`, '', '≥ 1.2'],
    ['memory of a waiting sandbox, proportional', `${round(memoryBytesPerSandbox / 1e6)} MB`, '', '≤ 60 MB'],
    ...clusterRows(cluster, bareMs),
  ]);
  const measured = {
    bareMs,
    coldMs,
    warmMs,
    burst20P50Ms,
    burst20P99Ms,
    startsPerSecond,
    startsPerCoreSecond,
    memoryBytesPerSandbox,
    cpuSecondsPerTask,
    sandboxCpuSeconds: cpu.sandbox,
    runnerCpuSeconds: cpu.runner,
    serverCpuSeconds: cpu.server,
    restoreCpuSeconds,
    ...('why' in cluster ? {} : cluster),
  };
  const rounded = Object.entries(measured).map(([name, value]) => [name, round(value, 3)]);
  if (isForPasting) process.stdout.write(`\n${await measuredBlock(rounded)}\n\n`);
  process.stdout.write(`${JSON.stringify({ driver: restore.driver, ...Object.fromEntries(rounded) })}\n`);
}

function ms(value: number): string {
  return `${round(value)} ms`;
}
