// The whole of `npm start` as one process tree, with the embedded Postgres.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DATABASE_ROLE } from '../../src/db/embedded/initialise.ts';
import { SOCKET_PORT } from '../../src/db/embedded/socket-folder.ts';
import { freePort } from './free-port.ts';
import { keepRunning } from './kept-process.ts';
import { childRunning, removeSandboxes } from './processes.ts';
import { furnish, outside, type Stack, startCommon } from './stack.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export async function startNpmStart(signal: AbortSignal): Promise<Stack> {
  const undo = new AsyncDisposableStack();
  let logsAreOfUse = true;
  try {
    const common = await startCommon();
    undo.defer(() => common.close(logsAreOfUse && !signal.aborted));
    const dataDir = join(common.folder, 'data');
    const port = await freePort();
    const environment = { ...common.environment, SEED_DATA_DIR: dataDir, PORT: String(port) };
    const main = keepRunning(MAIN, environment, join(common.logs, 'start.log'));
    undo.defer(() => removeSandboxes(dataDir));
    undo.defer(() => main.stop());
    const server = () => childRunning(main.pid(), 'server/main.ts');
    const servers = [{ url: `http://127.0.0.1:${port}`, pid: server }];
    const runners = [{ dataDir, pid: () => childRunning(main.pid(), 'runner/main.ts') }];
    const host = encodeURIComponent(join(dataDir, 'socket'));
    const databaseUrl = `postgres://${DATABASE_ROLE}@localhost:${SOCKET_PORT}/postgres?host=${host}`;
    return await furnish(
      {
        main,
        servers,
        runners,
        postgres: { pid: async () => childRunning(await server(), 'bin/postgres') },
        runnerLines: [],
        databaseLines: [],
        clock: null,
        smallDisk: null,
        common,
        ...outside(common, databaseUrl, servers, runners),
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
