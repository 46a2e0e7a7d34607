// Starts a sandbox under its supervisor and watches it to its end.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { textTail } from '../../lib/text-tail.ts';
import { SeedError } from '../../protocol/errors.ts';
import { sandboxDeadline } from '../deadline-guard.ts';
import type { Exit, Sandbox, Usage } from '../driver.ts';
import { HOST_ENVIRONMENT } from '../host-environment.ts';
import { killProcess, removeSandbox } from '../sandbox-folder.ts';
import { firstProcess, supervised } from '../supervisor.ts';
import { largerUsage, measureUsage } from '../usage.ts';
import { classifyExit } from './exit.ts';
import { CONTAINER, LOG_FILE, runscArgs } from './runsc.ts';

const DETAIL_BYTES = 2048;

export interface Start {
  runscPath: string;
  /** The sandbox's folder, made by createSandboxFolder. */
  folder: string;
  /** What runsc shall do, such as `restore`; the container's name is added. */
  command: readonly string[];
  deadline: Date;
}

export interface SupervisedSandbox extends Sandbox {
  readonly supervisorPid: number;
  /** The end of what guest and supervisor have said on standard error so far. */
  stderr(): string;
}

/** Resolves once the supervisor runs. A restore that fails shows as `exited` with reason `lost`. */
export async function startSupervised({
  runscPath,
  folder,
  command,
  deadline,
}: Start): Promise<SupervisedSandbox> {
  const runsc = runscArgs(runscPath, folder, [...command, `--bundle=${folder}`, CONTAINER]);
  const { child, pid } = await spawnDetached(supervised(runsc, deadline.getTime() - Date.now()));
  const stderr = textTail(child.stderr, DETAIL_BYTES);
  let killed = false;
  let ended = false;
  const death = sandboxDeadline(pid, folder, deadline);
  let used: Usage = { cpuSeconds: 0, peakMemoryBytes: 0 };

  async function usage(): Promise<Usage> {
    if (!ended) used = largerUsage(used, await measureUsage(pid));
    return used;
  }

  async function settle(code: number | null): Promise<Exit> {
    ended = true;
    death.release();
    const evidence = {
      code,
      killed,
      deadlinePassed: death.passed(),
      started: existsSync(join(folder, LOG_FILE)),
      diagnostics: await readDiagnostics(folder, stderr()),
    };
    const exit = classifyExit(evidence);
    try {
      // An exit code comes from `unshare`, which waits for its namespace: nothing can be left. Killed, it cannot tell.
      if (code === null) await removeSandbox(folder);
      else await rm(folder, { recursive: true, force: true });
      return exit;
    } catch (error) {
      return { reason: 'lost', detail: (error as Error).message };
    }
  }

  // 'close' comes after 'exit', when all output has been read.
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code) => resolve(settle(code)));
  });

  async function kill(): Promise<void> {
    if (!ended && !killed) {
      killed = true;
      await usage();
      const first = await firstProcess(pid);
      if (first) killProcess(first);
      else await removeSandbox(folder);
    }
    await exited;
  }

  const stream = joinStreams(child.stdout, child.stdin);
  return {
    id: basename(folder),
    supervisorPid: pid,
    stream,
    exited,
    usage,
    guard: death.guard,
    kill,
    stderr,
  };
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** In a session of its own, so that no signal to our process group reaches it. */
function spawnDetached([program = '', ...args]: string[]): Promise<{ child: Child; pid: number }> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: HOST_ENVIRONMENT,
  });
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve({ child, pid: child.pid ?? 0 }));
    child.once('error', (cause) => {
      reject(new SeedError('sandbox_failed', `Cannot start ${program}: ${cause.message}`, { cause }));
    });
  });
}

function joinStreams(readable: Readable, writable: Writable): Duplex {
  const stream = Duplex.from({ readable, writable });
  // The death of a sandbox breaks its stream; `exited` tells of it, and nobody else has to listen.
  stream.on('error', () => {});
  return stream;
}

async function readDiagnostics(folder: string, stderr: string): Promise<string> {
  const log = await readFile(join(folder, LOG_FILE), 'utf8').catch(() => '');
  return Buffer.from(`${log}\n${stderr}`.trim()).subarray(-DETAIL_BYTES).toString('utf8');
}
