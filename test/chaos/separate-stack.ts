// Servers and runners as processes of their own, on one Postgres, with a line between any two that a fault can
// break.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CuttableLine, startLine } from '../fixtures/cuttable-line.ts';
import { makeFakeClock } from './fake-clock.ts';
import { freePort } from './free-port.ts';
import { keepPostgres } from './kept-postgres.ts';
import { keepRunning } from './kept-process.ts';
import { removeSandboxes } from './processes.ts';
import { mountSmallDisk, unmountSmallDisk } from './small-disk.ts';
import { furnish, outside, type Stack, startCommon } from './stack.ts';

const SERVER = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url));
const RUNNER = fileURLToPath(new URL('../../src/runner/main.ts', import.meta.url));
const DATABASE = 'postgres';
const ROLE = 'seed';
/** In the data folder of an embedded Postgres. */
const SOCKET = 'socket/.s.PGSQL.5432';

export interface Shape {
  /** Servers, each with a runner of its own. */
  pairs: number;
  /** The last server's clock can be set. */
  fakeClock?: boolean;
  /** Postgres has a disk that can be filled. */
  smallDisk?: boolean;
  /** What runners leave their tasks when they are asked to end; missing: the default. */
  drainSeconds?: number;
}

export async function startSeparate(shape: Shape, signal: AbortSignal): Promise<Stack> {
  const undo = new AsyncDisposableStack();
  let logsAreOfUse = true;
  try {
    const common = await startCommon();
    undo.defer(() => common.close(logsAreOfUse && !signal.aborted));
    const { folder, logs, environment } = common;
    const disk = join(folder, 'database');
    if (shape.smallDisk) {
      await mountSmallDisk(disk);
      undo.defer(() => unmountSmallDisk(disk));
    }
    const postgres = await keepPostgres(disk);
    undo.defer(() => postgres.stop());
    const socket = join(disk, SOCKET);
    const clock = shape.fakeClock ? await makeFakeClock(folder) : null;

    const servers: Stack['servers'][number][] = [];
    const runners: Stack['runners'][number][] = [];
    const runnerLines: CuttableLine[] = [];
    const databaseLines: CuttableLine[] = [];
    for (let pair = 0; pair < shape.pairs; pair += 1) {
      const databaseLine = await startLine(socket);
      undo.defer(() => databaseLine.close());
      const serverDir = join(folder, `server-${pair}`);
      await mkdir(serverDir);
      const port = await freePort();
      const serverEnvironment = {
        ...environment,
        SEED_DATA_DIR: serverDir,
        DATABASE_URL: `postgres://${ROLE}@127.0.0.1:${databaseLine.port}/${DATABASE}`,
        PORT: String(port),
        ...(pair === shape.pairs - 1 && clock?.environment),
      };
      const server = keepRunning(SERVER, serverEnvironment, join(logs, `server-${pair}.log`));
      undo.defer(() => server.stop());
      const url = `http://127.0.0.1:${port}`;
      const runnerLine = await startLine(url);
      undo.defer(() => runnerLine.close());
      const dataDir = join(folder, `runner-${pair}`);
      const runnerEnvironment = {
        ...environment,
        SEED_DATA_DIR: dataDir,
        SEED_SERVER_URL: runnerLine.url,
        SEED_RUNNER_NAME: `runner-${pair}`,
        SEED_DRAIN_SECONDS: String(shape.drainSeconds ?? ''),
      };
      const runner = keepRunning(RUNNER, runnerEnvironment, join(logs, `runner-${pair}.log`));
      undo.defer(() => removeSandboxes(dataDir));
      undo.defer(() => runner.stop());
      servers.push({ url, pid: async () => server.pid() });
      runners.push({ dataDir, pid: async () => runner.pid() });
      runnerLines.push(runnerLine);
      databaseLines.push(databaseLine);
    }
    return await furnish(
      {
        main: null,
        servers,
        runners,
        postgres: { pid: async () => postgres.pid() },
        runnerLines,
        databaseLines,
        clock,
        smallDisk: shape.smallDisk ? disk : null,
        common,
        ...outside(common, postgres.databaseUrl, servers, runners),
        close: (keepLogs) => {
          logsAreOfUse = keepLogs;
          return undo.disposeAsync();
        },
      },
      signal,
    );
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
}
