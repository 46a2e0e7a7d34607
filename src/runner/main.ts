// The runner process: one per sandbox host. Started by src/main.ts, or by itself: node src/runner/main.ts
import { setUp } from '../drivers/image/set-up.ts';
import { createLog, type Logger } from '../lib/log.ts';
import { exitOnFailure, stopOnSignal } from '../lib/process-life.ts';
import { SeedError } from '../protocol/errors.ts';
import { createRunner, type RunnerOptions } from './runner.ts';
import { type RunnerSettings, readRunnerSettings } from './settings.ts';

await exitOnFailure(async () => {
  const settings = readRunnerSettings();
  const log = createLog('runner', settings.logLevel);
  const runner = createRunner({ ...settings, ...(await findSandboxes(settings, log)), log });
  stopOnSignal(log, () => runner.stop());
  await runner.start();
  process.send?.({ ready: true });
});

/** Without a usable driver the runner still reports to the server, so that callers learn why nothing runs. */
async function findSandboxes(
  { cacheDir, dataDir, driver: choice, snapshotId }: RunnerSettings,
  log: Logger,
): Promise<Pick<RunnerOptions, 'sandboxes' | 'probes'>> {
  const onProgress = (message: string) => log.info(message);
  try {
    const { driver, snapshot, probes } = await setUp({
      cacheDir,
      dataDir,
      driver: choice,
      snapshotId,
      onProgress,
    });
    log.info({ driver: driver.name, snapshot: snapshot.id }, 'sandboxes are ready');
    return { sandboxes: { driver, snapshot }, probes: [...probes] };
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    log.error({ code: error.code, hint: error.hint }, error.message);
    const why = error.message.slice(0, 4000);
    return { sandboxes: null, probes: [{ driver: choice, usable: false, isolation: 'user-kernel', why }] };
  }
}
