// What is recorded for a flame graph: a few starts, or a few tasks. Runs below perf, which it tells when to look.
// Called by ../flame.ts.
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startModelServer, TWO_CALLS } from '../../bench/start/model-server.ts';
import { startBenchSeed } from '../../bench/start/seed.ts';
import { setUp } from '../../src/drivers/set-up/set-up.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { POOLED_LIMITS } from '../../src/runner/lease.ts';
import { startWaiting } from '../../src/runner/waiting-sandbox.ts';
import type { Roles } from './stacks.ts';

export const SCENES = ['start', 'task'] as const;
export type Scene = (typeof SCENES)[number];

const RUNS = 15;
const LIFE_MS = 60_000;

/** @param folder has perf's control file, and gets what stacks.ts has to know */
export async function runScene(scene: Scene, folder: string): Promise<void> {
  const look = (command: 'enable' | 'disable') => appendFile(join(folder, 'control'), `${command}\n`);
  const roles = await (scene === 'start' ? starts(look) : tasks(look));
  await writeFile(join(folder, 'scene.json'), JSON.stringify({ runs: RUNS, roles }));
}

type Look = (command: 'enable' | 'disable') => Promise<void>;

async function starts(look: Look): Promise<Roles> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-flame-'));
  try {
    const { driver, snapshot } = await setUp({
      cacheDir: cacheDirSetting(),
      dataDir,
      driver: 'gvisor',
      onProgress: (line) => process.stderr.write(`· ${line}\n`),
    });
    const once = async () => {
      const { id } = await startWaiting(driver, snapshot, {
        ...POOLED_LIMITS,
        deadline: performance.now() + LIFE_MS,
      });
      await driver.kill(id);
    };
    await once();
    await look('enable');
    for (let count = 0; count < RUNS; count += 1) await once();
    await look('disable');
    return { [process.pid]: 'runner' };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function tasks(look: Look): Promise<Roles> {
  const model = await startModelServer();
  const seed = await startBenchSeed(model, { slots: 2, poolSize: 1 });
  const once = async (mark: string) => {
    await seed.runTask(`${mark}-mark ${TWO_CALLS}`);
    await seed.poolIsReady(1);
  };
  try {
    for (let count = 0; count < 5; count += 1) await once(`first-${count}`);
    await look('enable');
    for (let count = 0; count < RUNS; count += 1) await once(`run-${count}`);
    await look('disable');
  } finally {
    await seed.stop();
    model.close();
  }
  // This process plays the caller and the model.
  return { [seed.serverPid]: 'server', [seed.runnerPid]: 'runner', [process.pid]: null };
}
