// A process of Seed as a service manager keeps it: started again whenever it ends, until it is stopped.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const RESTART_AFTER_MS = 500;
const STOP_WITHIN_MS = 20_000;

export interface KeptProcess {
  pid(): number;
  /** Not started again from now on; resolves when it has ended. */
  stop(): Promise<void>;
}

/** @param logFile what it says is added there */
export function keepRunning(file: string, env: NodeJS.ProcessEnv, logFile: string): KeptProcess {
  let stopped = false;
  let child = start();

  function start(): ChildProcess {
    const log = openSync(logFile, 'a');
    // Detached: Ctrl-C reaches the suite alone. A killed suite takes them with it.
    const started = spawn('setpriv', ['--pdeathsig', 'TERM', '--', process.execPath, file], {
      env,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    started.once('exit', async () => {
      await pause(RESTART_AFTER_MS);
      if (!stopped) child = start();
    });
    return started;
  }

  return {
    pid: () => child.pid ?? 0,
    stop: async () => {
      stopped = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(late);
    },
  };
}
