// The runner process: one per sandbox host. Started by src/main.ts, or by itself: node src/runner/main.ts
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NoUsableDriverError } from '../drivers/set-up/select.ts';
import { setUp } from '../drivers/set-up/set-up.ts';
import { createLog, type Logger } from '../lib/log.ts';
import { exitOnFailure, logSurprises, stopOnSignal } from '../lib/process-life.ts';
import { lockForProcess, type ProcessLock } from '../lib/process-lock.ts';
import { SeedError } from '../protocol/errors.ts';
import { sayAlive } from './alive.ts';
import { takeIdentity } from './identity.ts';
import { readyFile } from './ready-file.ts';
import { createRunner, type RunnerOptions } from './runner.ts';
import { type RunnerSettings, readRunnerSettings } from './settings.ts';

await exitOnFailure(async () => {
  const settings = readRunnerSettings();
  const log = createLog('runner', settings.logLevel);
  const lock = await lockSandboxes(settings, log);
  // Also while a driver is proven, which may take its time.
  const alive = sayAlive(settings.dataDir, log);
  const identity = await takeIdentity(settings.dataDir);
  const runner = createRunner({
    ...settings,
    ...(await findSandboxes(settings, identity.id, log)),
    identity,
    log,
  });
  const ready = await readyFile(settings.dataDir);
  const stop = async () => {
    await ready.takeBack();
    await runner.stop();
    await alive.stop();
    lock.release();
  };
  stopOnSignal(log, stop);
  logSurprises(log, stop);
  await runner.start();
  if (runner.makesSandboxes) await ready.say();
  process.send?.({ ready: true });
});

/** A starting runner ends every sandbox that its folder names: no other may be at work there. */
async function lockSandboxes({ dataDir, cacheDir }: RunnerSettings, log: Logger): Promise<ProcessLock> {
  await mkdir(dataDir, { recursive: true });
  return lockForProcess({
    path: join(dataDir, 'runner.lock'),
    what: `The data folder ${dataDir} is in use by another runner`,
    hint: 'Give each runner of a machine a SEED_DATA_DIR of its own; SEED_CACHE_DIR may be shared.',
    onWait: (sentence) => log.warn(sentence),
    // Where seed doctor and seed snapshots look by themselves.
    note: { cacheDir },
  });
}

/** Without a usable driver the runner still reports to the server, so that callers learn why nothing runs. */
async function findSandboxes(
  { cacheDir, dataDir, driver: choice, snapshotId }: RunnerSettings,
  owner: string,
  log: Logger,
): Promise<Pick<RunnerOptions, 'sandboxes' | 'probes'>> {
  const onProgress = (message: string) => log.info(message);
  try {
    const options = { cacheDir, dataDir, driver: choice, owner, snapshotId, onProgress };
    const { driver, snapshot, probes } = await setUp(options);
    log.info({ driver: driver.name, snapshot: snapshot.id }, 'sandboxes are ready');
    return { sandboxes: { driver, snapshot }, probes: [...probes] };
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    log.error({ code: error.code, hint: error.hint }, error.message);
    return { sandboxes: null, probes: probesBehind(error, choice).map(shortened) };
  }
}

/** What goes wrong before anything was probed is told as if it were what the probe had found. */
function probesBehind(error: SeedError, choice: string): RunnerOptions['probes'] {
  if (error instanceof NoUsableDriverError) return [...error.probes];
  return [{ driver: choice, usable: false, isolation: 'user-kernel', why: error.message }];
}

function shortened({ why, ...probe }: RunnerOptions['probes'][number]): RunnerOptions['probes'][number] {
  return { ...probe, ...(why !== undefined && { why: why.slice(0, 4000) }) };
}
