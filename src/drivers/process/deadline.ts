// When a supervised sandbox dies, and its second supervisor, for one that was started before its task was known: a
// small process that kills it at the deadline it is told later, or at once when this process ends before that.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseStat } from '../../lib/host-processes.ts';
import { SeedError } from '../../protocol/errors.ts';
import { patient } from '../patience.ts';
import { sandboxMarks } from './sandbox-folder.ts';
import { firstProcess, HOST_ENVIRONMENT } from './supervisor.ts';

const START_WITHIN_MS = 2_000;
const POLL_MS = 10;

/** When a supervised sandbox dies: at the deadline that it started with, or at an earlier one that it was told. */
export interface SandboxDeadline {
  passed(): boolean;
  /** Until it is told a deadline it dies with this process. @throws SeedError sandbox_failed when it has ended */
  guard(): Promise<void>;
  /** It dies at this moment, if not earlier. Takes no time after `guard`. @throws SeedError sandbox_failed */
  tighten(moment: number): Promise<void>;
  /** To be called at the sandbox's end. */
  release(): void;
}

/** @param supervisorPid the `unshare` of supervisor.ts */
export function sandboxDeadline(supervisorPid: number, folder: string, deadline: number): SandboxDeadline {
  let diesAt = deadline;
  /** One that has not been told a deadline. */
  let waiting: Promise<StartedGuard> | undefined;
  const started: StartedGuard[] = [];
  let over = false;

  async function start(): Promise<StartedGuard> {
    const pid = await whenStarted(supervisorPid);
    if (pid === undefined || over) throw endedTooEarly();
    const guard = await startGuard(pid, sandboxMarks(folder).root);
    started.push(guard);
    if (over) guard.release();
    return guard;
  }

  return {
    passed: () => performance.now() >= diesAt,
    async guard() {
      waiting ??= start();
      await waiting;
    },
    async tighten(moment) {
      const guard = waiting ?? start();
      waiting = undefined;
      (await guard).tighten(moment);
      diesAt = Math.min(diesAt, moment);
    },
    release() {
      over = true;
      for (const guard of started) guard.release();
    },
  };
}

/** The first process below the supervisor, which has begun to start it; undefined when it has ended. */
async function whenStarted(supervisorPid: number): Promise<number | undefined> {
  const giveUpAt = performance.now() + patient(START_WITHIN_MS);
  for (;;) {
    const pid = await firstProcess(supervisorPid);
    if (pid !== undefined || performance.now() > giveUpAt || !existsSync(`/proc/${supervisorPid}`)) return pid;
    await sleep(POLL_MS);
  }
}

/**
 * One line of input are the seconds left; no line means that who should have written it is gone. It sleeps in
 * itself, on a pipe that nobody writes to: a `sleep` would survive it. The start time in field 22 of
 * proc_pid_stat(5) tells the sandbox from a later process with its pid.
 */
const SCRIPT = `exec 9<> <(:)
read -r seconds || seconds=0
exec 0<&-
read -r -t "$seconds" -u 9
read -r stat 2>/dev/null <"/proc/$2/stat" || exit 0
set -- "$2" "$3" \${stat##*) }
[ "\${22}" = "$2" ] && kill -KILL "$1"`;

interface StartedGuard {
  /** Called once. */
  tighten(deadline: number): void;
  /** Ends the guard without killing anything. */
  release(): void;
}

/** @param mark stands among its arguments, so that the driver's sweep takes it for a part of the sandbox */
async function startGuard(pid: number, mark: string): Promise<StartedGuard> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch((cause) => {
    throw endedTooEarly(cause);
  });
  const args = ['-c', SCRIPT, 'seed-deadline', mark, String(pid), parseStat(stat).startTicks];
  const guard = spawn('bash', args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: HOST_ENVIRONMENT,
  });
  await once(guard, 'spawn').catch((cause: Error) => {
    throw new SeedError('sandbox_failed', `Cannot start a guard: ${cause.message}`, { cause });
  });
  // It ends with its sandbox, and its pipe with it; a signal then finds nobody.
  guard.stdin.on('error', () => {});
  guard.on('error', () => {});
  return {
    tighten(deadline) {
      const seconds = Math.max((deadline - performance.now()) / 1000, 0.001);
      guard.stdin.end(`${seconds.toFixed(3)}\n`);
    },
    release: () => void guard.kill('SIGKILL'),
  };
}

function endedTooEarly(cause?: unknown): SeedError {
  return new SeedError('sandbox_failed', 'The sandbox ended before it could be guarded.', { cause });
}
