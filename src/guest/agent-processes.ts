// Starts the agent's processes: as another user than the guest's, with their own environment and process groups.
import { type ChildProcess, spawn } from 'node:child_process';
import type { GuestSettings } from './guest-settings.ts';

/** Owns every process group that was started for the agent until its leader has exited. */
export class AgentProcesses {
  readonly #settings: GuestSettings;
  readonly #apiUrl: string;
  readonly #groups = new Set<number>();

  /** @param apiUrl the loopback proxy, for the `seed` command */
  constructor(settings: GuestSettings, apiUrl: string) {
    this.#settings = settings;
    this.#apiUrl = apiUrl;
  }

  /** The whole environment of the agent's processes. Nothing of the guest's own is passed on. */
  environment(): Record<string, string> {
    return {
      PATH: `${this.#settings.binDir}:${this.#settings.path}`,
      HOME: this.#settings.homeDir,
      USER: 'agent',
      LOGNAME: 'agent',
      SHELL: '/bin/bash',
      SEED_API_URL: this.#apiUrl,
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      TERM: 'dumb',
    };
  }

  /** @param options `morePipes`: how many beyond the three standard streams, from descriptor 3 on */
  spawn(
    file: string,
    args: readonly string[],
    options: { cwd: string; stdin: 'ignore' | 'pipe'; morePipes?: number },
  ): ChildProcess {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: this.environment(),
      stdio: [options.stdin, 'pipe', 'pipe', ...new Array<'pipe'>(options.morePipes ?? 0).fill('pipe')],
      detached: true,
      ...this.#settings.agent,
    });
    const { pid } = child;
    if (pid !== undefined) {
      this.#groups.add(pid);
      child.once('exit', () => this.#groups.delete(pid));
    }
    return child;
  }

  /** Kills the process and everything that it started and that stayed in its group. */
  killGroup(child: ChildProcess): void {
    if (child.pid !== undefined) killProcessGroup(child.pid);
  }

  killAll(): void {
    for (const pid of this.#groups) killProcessGroup(pid);
  }
}

function killProcessGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
