// The machines of the double: real processes in gVisor. A template is a gVisor snapshot of a machine whose start
// command runs and whose ready command has succeeded, so that each sandbox of it wakes up where that one was.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Driver, Exit, Image, Snapshot, Usage } from '../../../src/drivers/driver.ts';
import { createGvisorDriver } from '../../../src/drivers/gvisor/driver.ts';
import { problemOfRunsc } from '../../../src/drivers/gvisor/probe.ts';
import { runSetup } from '../../../src/drivers/gvisor/run-setup.ts';
import { CONTAINER, runscArgs } from '../../../src/drivers/gvisor/runsc.ts';
import { chooseRunsc } from '../../../src/drivers/gvisor/sources.ts';
import { buildImage } from '../../../src/drivers/image/build-image.ts';
import { sandboxProcesses } from '../../../src/drivers/process/sandbox-folder.ts';
import { firstProcess, HOST_ENVIRONMENT, inside, isSupervisor } from '../../../src/drivers/process/supervisor.ts';
import { ensureFolder } from '../../../src/lib/cache-folders.ts';
import { contentHash } from '../../../src/lib/content-hash.ts';
import { env } from '../../../src/lib/env.ts';
import { exec } from '../../../src/lib/exec.ts';

/** Plays the machine's init: runs the start command, says so when it is ready, and ends when it is told to. */
const INIT = `trap 'exit 0' TERM
/bin/sh -c "$1" </dev/null >/dev/null 2>&1 &
until /bin/sh -c "$2" </dev/null >/dev/null 2>&1; do sleep 0.1; done
echo ready
while :; do sleep 3600 & wait $!; done`;

/** What a machine has beside the image. */
const REBOOT = '#!/bin/sh\nkill -TERM 1\n';

export interface Started {
  /** In the machine. */
  pid: number;
  stdin: Writable;
  /** Read from the start: Node throws away what nobody reads when a child ends. */
  stdout: Readable;
  stderr: Readable;
  /** Its exit code; null where a signal has ended it. */
  ended: Promise<number | null>;
}

export interface Program {
  command: readonly string[];
  uid: number;
  cwd: string;
  env: Readonly<Record<string, string>>;
}

export interface Machines {
  /** The root file system from which every template is made. */
  readonly image: Image;
  /** Boots a machine, waits until it is ready, and freezes it. The same again takes no time. */
  template(of: Image, startCommand: string, readyCommand: string): Promise<Snapshot>;
  /** A root file system that `change` makes of a copy of the image; the same key again takes no time. */
  changed(key: string, change: (rootfs: string) => Promise<void>): Promise<Image>;
  /** A script as root in a root file system of its own, which it changes. */
  run(rootfs: string, script: string): Promise<void>;
  start(template: Snapshot, id: string, lifeMs: number): Promise<void>;
  exec(id: string, program: Program): Promise<Started>;
  kill(id: string): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** Behind everybody's back. */
  killProcesses(id: string): Promise<void>;
  ended(id: string): Promise<Exit>;
  usage(id: string): Promise<Usage>;
  close(): Promise<void>;
}

export interface MachinesOptions {
  cacheDir: string;
  /** For what lives as long as the double. */
  folder: string;
  guestBundle: Uint8Array;
}

export async function createMachines({ cacheDir, folder, guestBundle }: MachinesOptions): Promise<Machines> {
  const onProgress = (message: string) => console.error(`· ${message}`);
  const built = await buildImage({ cacheDir, guestBundle, runSetup, onProgress });
  const setting = env('SEED_RUNSC');
  const packaged = built.runscPath;
  const runscPath = await chooseRunsc({ cacheDir, setting, packaged, problemOf: problemOfRunsc, onProgress });
  const image = await withReboot(cacheDir, built.image);
  const driver: Driver = createGvisorDriver({ cacheDir, dataDir: folder, runscPath });
  const limits = { diskBytes: 512 * 2 ** 20, memoryBytes: 1024 * 2 ** 20, vcpus: 2, processes: 256 };
  const started = new Set<string>();

  async function run(id: string, { command, uid, cwd, env: environment }: Program): Promise<Started> {
    const machine = join(folder, 'gvisor/sandboxes', id);
    const [supervisor] = await sandboxProcesses(machine, isSupervisor);
    const first = supervisor && (await firstProcess(supervisor));
    if (!first) throw new Error(`the machine ${id} has ended`);
    const pidFile = join(await mkdtemp(join(folder, 'pid-')), 'pid');
    const args = [
      'exec',
      ...[`--user=${uid}:${uid}`, `--cwd=${cwd}`, `--internal-pid-file=${pidFile}`],
      ...Object.entries(environment).map(([name, value]) => `--env=${name}=${value}`),
      ...[CONTAINER, ...command],
    ];
    const [program = '', ...rest] = inside(first, runscArgs(runscPath, machine, args));
    const child = spawn(program, rest, { env: HOST_ENVIRONMENT, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.on('error', () => undefined);
    const [stdout, stderr] = [child.stdout.pipe(new PassThrough()), child.stderr.pipe(new PassThrough())];
    const ended = new Promise<number | null>((resolve) => void child.once('exit', (code) => resolve(code)));
    try {
      while (!existsSync(pidFile) || (await readFile(pidFile, 'utf8')) === '') {
        if ((await Promise.race([ended.then(() => 'over'), sleep(5)])) === 'over') break;
      }
      const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
      return { pid: Number.isFinite(pid) ? pid : 0, stdin: child.stdin, stdout, stderr, ended };
    } finally {
      await rm(join(pidFile, '..'), { recursive: true, force: true });
    }
  }

  /** A machine that is being restored takes no program yet. */
  async function isUp(id: string): Promise<void> {
    while ((await driver.status(id)) === 'running') {
      const started = await run(id, { command: ['/bin/true'], uid: 0, cwd: '/', env: {} }).catch(() => null);
      if ((await started?.ended) === 0) return;
      await sleep(10);
    }
    throw new Error(`the machine ${id} did not start`);
  }

  return {
    image,
    async template(of, startCommand, readyCommand) {
      const command = ['/bin/sh', '-c', INIT, 'init', startCommand || 'true', readyCommand || 'true'];
      return driver.freeze({ ...of, command }, onProgress);
    },
    changed: (key, change) => changedImage(cacheDir, image, key, change),
    run: (rootfs, script) => runSetup({ rootfs, script, runscPath }),
    async start(template, id, lifeMs) {
      await driver.start(template, { ...limits, deadline: performance.now() + lifeMs }, id);
      // It goes with the double, however that ends.
      await driver.guard(id);
      (await driver.connect(id)).resume();
      started.add(id);
      await isUp(id);
    },
    exec: run,
    async kill(id) {
      await driver.kill(id);
      started.delete(id);
    },
    pause: (id) => driver.pause(id),
    resume: (id) => driver.resume(id),
    async killProcesses(id) {
      const [victim] = await sandboxProcesses(join(folder, 'gvisor/sandboxes', id), (args) => !isSupervisor(args));
      process.kill(victim ?? Number.NaN, 'SIGKILL');
    },
    ended: (id) => driver.ended(id),
    usage: (id) => driver.usage(id),
    async close() {
      await Promise.all([...started].map((id) => driver.kill(id)));
      await driver.sweep('');
    },
  };
}

/** In the cache: whole or not at all. */
async function changedImage(
  cacheDir: string,
  of: Image,
  key: string,
  change: (rootfs: string) => Promise<void>,
): Promise<Image> {
  const id = contentHash(of.id, key);
  const folder = join(cacheDir, 'images', id);
  const isComplete = () => existsSync(join(folder, 'image.json'));
  await ensureFolder(folder, isComplete, async (partial) => {
    await exec('cp', ['--archive', of.rootfs, join(partial, 'rootfs')]);
    await change(join(partial, 'rootfs'));
    await cp(join(of.rootfs, '../image.json'), join(partial, 'image.json'));
  });
  return { ...of, id, rootfs: join(folder, 'rootfs') };
}

const withReboot = (cacheDir: string, image: Image): Promise<Image> =>
  changedImage(cacheDir, image, `${REBOOT}${INIT}`, async (rootfs) => {
    const path = join(rootfs, 'usr/sbin/reboot');
    await rm(path, { force: true });
    await writeFile(path, REBOOT, { mode: 0o755 });
  });
