// The same starts in pods of a real one-node cluster, where this machine can have one: from the lease to the agent's
// first model request, cold, warm, and many at once.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { takeCluster, whyNoCluster } from '../../test/cluster/cluster.ts';
import { putImages } from '../../test/cluster/images.ts';
import { median, percentile, round } from '../statistics.ts';
import type { ModelServer } from './model-server.ts';
import { type BenchSeed, startBenchSeed } from './seed.ts';
import { stepsOf } from './steps.ts';

const RUNS = 5;
const BURST = 20;
/** After that it is measured with what is there. */
const BURST_READY_MS = 120_000;
const ASK_EVERY_MS = 250;

export interface ClusterFigures {
  clusterColdMs: number;
  clusterWarmMs: number;
  /** How many at once: as many as the node had room for. */
  clusterBurst: number;
  clusterBurstP50Ms: number;
  clusterBurstP99Ms: number;
}

/** Why it was not measured, or what was. */
export async function measureCluster(
  model: ModelServer,
  say: (message: string) => void,
): Promise<{ why: string } | ClusterFigures> {
  const why = whyNoCluster();
  if (why !== null) return { why };
  const cluster = await takeCluster(say);
  const namespace = `seed-bench-${randomUUID().slice(0, 8)}`;
  try {
    const images = await putImages(cluster, say);
    await cluster.kubectl('create', 'namespace', namespace);
    const settings = {
      KUBECONFIG: cluster.kubeconfig,
      SEED_DRIVER: 'kubernetes',
      SEED_KUBERNETES_NAMESPACE: namespace,
      SEED_KUBERNETES_IMAGE: images.sandbox,
      SEED_KUBERNETES_RUNTIME_CLASS: 'sealed',
      // The machine has few processors for so many. Their memory is that of waiting pods: others would not be taken.
      SEED_KUBERNETES_CPU_OVERCOMMIT: '100',
      SEED_POOL_MEMORY_BYTES: String(BURST * 1024 ** 3),
    };
    const measure = <Result>(poolSize: number, work: (seed: BenchSeed) => Promise<Result>) =>
      withSeed(model, { slots: Math.max(2, poolSize), poolSize, settings }, work);
    say(`cluster, cold: ${RUNS + 1} tasks in pods of their own`);
    const cold = await measure(0, (seed) => oneByOne(seed, 'cluster-cold', 0));
    say(`cluster, warm: ${RUNS + 1} tasks in pods that wait`);
    const warm = await measure(2, (seed) => oneByOne(seed, 'cluster-warm', 2));
    say(`cluster, burst: ${BURST} tasks at once from as many pods that wait`);
    const burst = await measure(BURST, manyAtOnce);
    return {
      clusterColdMs: median(cold),
      clusterWarmMs: median(warm),
      clusterBurst: burst.length,
      clusterBurstP50Ms: percentile(burst, 50),
      clusterBurstP99Ms: percentile(burst, 99),
    };
  } finally {
    await cluster.kubectl('delete', 'namespace', namespace, '--ignore-not-found');
    await cluster.release();
  }
}

interface Setting {
  slots: number;
  poolSize: number;
  settings: Record<string, string>;
}

async function withSeed<Result>(
  model: ModelServer,
  { slots, poolSize, settings }: Setting,
  work: (seed: BenchSeed) => Promise<Result>,
): Promise<Result> {
  const seed = await startBenchSeed(model, {
    slots,
    poolSize,
    environment: { ...wholeEnvironment(), ...settings },
  });
  try {
    return await work(seed);
  } finally {
    await seed.stop();
  }
}

/** The first is thrown away: server and runner compile what they need. */
async function oneByOne(seed: BenchSeed, name: string, poolSize: number): Promise<number[]> {
  const times: number[] = [];
  await seed.poolIsReady(poolSize);
  for (let run = -1; run < RUNS; run += 1) {
    const { startMs } = stepsOf(await seed.runTask(`${name}-${run}-mark`));
    await seed.poolIsReady(poolSize);
    if (run >= 0) times.push(startMs);
  }
  return times;
}

async function manyAtOnce(seed: BenchSeed): Promise<number[]> {
  const count = await readyWithin(seed);
  const marks = Array.from({ length: count }, (_, index) => `cluster-burst-${index}-mark`);
  const all = await Promise.all(marks.map((mark) => seed.runTask(mark)));
  return all.map((started) => stepsOf(started).startMs);
}

/** How many pods wait: all that are wanted, or those for which there was room. */
async function readyWithin(seed: BenchSeed): Promise<number> {
  const until = performance.now() + BURST_READY_MS;
  for (;;) {
    const ready = (await seed.runners())[0]?.pool?.ready ?? 0;
    if (ready >= BURST || (ready > 0 && performance.now() > until)) return ready;
    await sleep(ASK_EVERY_MS);
  }
}

/** Rows of the bench's table. @param bareMs the peer: `pi -p` on this machine, in the same run */
export function clusterRows(figures: { why: string } | ClusterFigures, bareMs: number): string[][] {
  const head = 'pods of a cluster: from the claim to the first model request';
  if ('why' in figures) return [[head, `skipped: ${figures.why}`]];
  const ms = (value: number) => [`${round(value)} ms`, `${round(value / bareMs, 2)} × bare`];
  const many = figures.clusterBurst;
  const room = many < BURST ? ` (no room for ${BURST})` : '';
  return [
    [head],
    ['  cold: no pod waits', ...ms(figures.clusterColdMs)],
    ['  warm: a pod waits', ...ms(figures.clusterWarmMs)],
    [`  ${many} at once, ${many} waiting${room}: p50`, ...ms(figures.clusterBurstP50Ms)],
    [`  ${many} at once, ${many} waiting${room}: p99`, ...ms(figures.clusterBurstP99Ms)],
  ];
}
