// runner.ready in the data folder: there while this runner takes tasks, for whoever watches it from outside, such
// as a probe of Kubernetes. Used by main.ts.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface ReadyFile {
  say(): Promise<void>;
  takeBack(): Promise<void>;
}

/** An earlier runner's is gone then. */
export async function readyFile(dataDir: string): Promise<ReadyFile> {
  const path = join(dataDir, 'runner.ready');
  const takeBack = () => rm(path, { force: true });
  await takeBack();
  return { say: () => writeFile(path, ''), takeBack };
}
