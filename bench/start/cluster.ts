// The same starts in pods of a real one-node cluster, where this machine can have one: from the lease to the agent's
// first model request, cold, warm, and many at once.
import { randomUUID } from 'node:crypto';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { takeCluster, whyNoCluster } from '../../test/cluster/cluster.ts';
import { putImages } from '../../test/cluster/images.ts';
import { median, percentile, round } from '../statistics.ts';
import type { ModelServer } from './model-server.ts';
import { type BenchSeed, startBenchSeed } from './seed.ts';
import { stepsOf } from './steps.ts';

const RUNS = 5;
const BURST = 20;

export interface ClusterFigures {
  clusterColdMs: number;
  clusterWarmMs: number;
  clusterBurst20P50Ms: number;
  clusterBurst20P99Ms: number;
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
      // The machine has few processors and little memory for so many.
      SEED_KUBERNETES_CPU_OVERCOMMIT: '100',
      SEED_TASK_MEMORY_MB: '384',
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
      clusterBurst20P50Ms: percentile(burst, 50),
      clusterBurst20P99Ms: percentile(burst, 99),
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
    await seed.poolIsReady(poolSize);
    return await work(seed);
  } finally {
    await seed.stop();
  }
}

/** The first is thrown away: server and runner compile what they need. */
async function oneByOne(seed: BenchSeed, name: string, poolSize: number): Promise<number[]> {
  const times: number[] = [];
  for (let run = -1; run < RUNS; run += 1) {
    const { startMs } = stepsOf(await seed.runTask(`${name}-${run}-mark`));
    await seed.poolIsReady(poolSize);
    if (run >= 0) times.push(startMs);
  }
  return times;
}

async function manyAtOnce(seed: BenchSeed): Promise<number[]> {
  const marks = Array.from({ length: BURST }, (_, index) => `cluster-burst-${index}-mark`);
  const all = await Promise.all(marks.map((mark) => seed.runTask(mark)));
  return all.map((started) => stepsOf(started).startMs);
}

/** Rows of the bench's table. */
export function clusterRows(figures: { why: string } | ClusterFigures): string[][] {
  const head = 'pods of a cluster: from the claim to the first model request';
  if ('why' in figures) return [[head, `skipped: ${figures.why}`]];
  const ms = (value: number) => `${round(value)} ms`;
  return [
    [head],
    ['  cold: no pod waits', ms(figures.clusterColdMs)],
    ['  warm: a pod waits', ms(figures.clusterWarmMs)],
    [`  ${BURST} at once, ${BURST} waiting: p50`, ms(figures.clusterBurst20P50Ms)],
    [`  ${BURST} at once, ${BURST} waiting: p99`, ms(figures.clusterBurst20P99Ms)],
  ];
}
