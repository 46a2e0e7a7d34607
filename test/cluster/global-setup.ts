// One cluster for all of the project's files, and at the end none of their namespaces. Called by vitest.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { labelOf, takeCluster, whyNoCluster } from './cluster.ts';
import { type Images, putImages } from './images.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The cluster of this run, or why there is none, or what of Seed's own did not get into it. */
    cluster: ClusterOfRun | { why: string } | { broken: string };
  }
}

export interface ClusterOfRun {
  base: string;
  kubeconfig: string;
  /** Its namespaces' names begin with it. */
  run: string;
  images: Images;
}

const say = (message: string) => console.error(`· ${message}`);

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const skip = (why: string) => {
    console.warn(`SKIPPED cluster: ${why}`);
    project.provide('cluster', { why });
  };
  const why = whyNoCluster();
  if (why !== null) return void skip(why);
  const cluster = await takeCluster(say).catch((error: Error) => skip(`it does not start here: ${error.message}`));
  if (!cluster) return;
  const run = `seed-test-${randomUUID().slice(0, 8)}`;
  try {
    const images = await putImages(cluster, say);
    const { base, kubeconfig } = cluster;
    project.provide('cluster', { base, kubeconfig, run, images });
  } catch (error) {
    // The tests of this project fail by it, and no others.
    project.provide('cluster', { broken: (error as Error).message });
  }
  return async () => {
    // Two projects have it: whichever has started it may have ended it, with all that was in it.
    if (existsSync(cluster.kubeconfig))
      await cluster.kubectl('delete', 'namespace', '--selector', labelOf(run), '--wait=true');
    await cluster.release();
  };
}
