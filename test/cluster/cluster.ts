// A real one-node cluster for tests: the one that is up already, else one that is started for this run and ended
// after it; or the reason why there is none. Used by global-setup.ts, and by the bench for its rows.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, copyFile, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { env, wholeEnvironment } from '../../src/lib/env.ts';
import { exec } from '../../src/lib/exec.ts';
import { lockForProcess } from '../../src/lib/process-lock.ts';

const ROOT = join(import.meta.dirname, '../..');
const SHARED = join(ROOT, '../shared/kubernetes');
const CNI = join(ROOT, 'deploy/cni');
/** What up.sh runs, and the Debian package that it comes from. */
const PROGRAMS: Record<string, string> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  busybox: 'busybox-static',
  openssl: 'openssl',
  ip: 'iproute2',
  python3: 'python3',
  zstd: 'zstd',
  gcc: 'gcc',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
};
const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export interface Cluster {
  /** Where its state and its programs are. */
  base: string;
  kubeconfig: string;
  kubectl(...args: string[]): Promise<string>;
  /** Ends it, if this process has started it. */
  release(): Promise<void>;
}

/** What the namespaces of a run are known by. */
export const labelOf = (run: string) => `seed.test/run=${run}`;

/** Why there can be none on this machine; null where there can. */
export function whyNoCluster(): string | null {
  if (!existsSync(join(SHARED, 'up.sh'))) return 'there is no ../shared/kubernetes with a cluster to start';
  if (getuid?.() !== 0) return 'only root can start a cluster';
  const missing = Object.entries(PROGRAMS).flatMap(([program, name]) => {
    const paths = program.startsWith('/') ? [program] : FOLDERS.map((folder) => join(folder, program));
    return paths.some((path) => existsSync(path)) ? [] : name;
  });
  if (missing.length === 0) return null;
  return `programs are missing: apt-get install -y ${[...new Set(missing)].join(' ')}`;
}

/** Call it only where whyNoCluster says nothing. */
export async function takeCluster(onProgress: (message: string) => void): Promise<Cluster> {
  const base = env('SEED_TEST_CLUSTER') ?? '/tmp/seed-kubernetes';
  const kubeconfig = join(base, 'run/pki/admin.kubeconfig');
  const kubectl: Cluster['kubectl'] = (...args) =>
    exec(join(base, 'bin/hyper'), ['kubectl', '--kubeconfig', kubeconfig, ...args], { timeoutMs: 120_000 });
  const lock = await lockForProcess({
    path: join('/tmp', 'seed-test-cluster.lock'),
    what: 'The cluster for tests is being started by another run',
    hint: 'Wait for it.',
    onWait: onProgress,
  });
  const isReady = async () =>
    existsSync(kubeconfig) && (await kubectl('get', '--raw', '/readyz').catch(() => '')) === 'ok';
  const script = (name: string, ...args: string[]) =>
    exec('bash', [join(SHARED, name), ...args], {
      env: { ...(wholeEnvironment() as Record<string, string>), B: base },
      timeoutMs: 180_000,
    });
  let isOurs = false;
  try {
    if (!(await isUp(base, isReady))) {
      onProgress('starting a cluster');
      isOurs = true;
      await script('up.sh');
      await keepImages(base);
    }
    await sealWith(base);
  } catch (error) {
    // Half of a cluster is of no use to the next run, and in its way.
    if (isOurs) await script('down.sh', 'all').catch(() => undefined);
    throw error;
  } finally {
    lock.release();
  }
  const cluster = { base, kubeconfig, kubectl };
  return { ...cluster, release: async () => void (await (isOurs ? script('down.sh', 'all') : unsealWith(base))) };
}

/** Of a cluster that is there, and does not answer: another run may just have killed its API server. */
const AWAY_MS = 30_000;
const ASK_EVERY_MS = 500;

/** False where there is none at all. @throws Error when there is one, of somebody else, that does not answer */
async function isUp(base: string, isReady: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + AWAY_MS;
  while (!(await isReady())) {
    if (!(await livesAny(base))) return false;
    if (performance.now() > until) {
      const end = `B=${base} bash ${join(SHARED, 'down.sh')} all`;
      throw new Error(`a cluster of another run in ${base} does not answer. If nobody has it: ${end}`);
    }
    await sleep(ASK_EVERY_MS);
  }
  return true;
}

/** Whether a process that up.sh has started lives. */
async function livesAny(base: string): Promise<boolean> {
  const run = join(base, 'run');
  const files = (await readdir(run).catch(() => [])).filter((name) => name.endsWith('.pid'));
  const alive = files.map(async (name) => {
    const pid = (await readFile(join(run, name), 'utf8').catch(() => '')).trim();
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return /^\d+$/.test(pid) && commandLine.includes(base);
  });
  return (await Promise.all(alive)).includes(true);
}

/** A kubelet removes images that nothing runs of just now as soon as its disk is 85 % full. */
async function keepImages(base: string): Promise<void> {
  await appendFile(join(base, 'run/kubelet.yaml'), 'imageGCHighThresholdPercent: 100\n');
  await restart(base, 'kubelet');
}

/** A program that lives for so long has what it needs. */
const STAYS_MS = 1500;
const START_TRIES = 20;

/** Kills a part of the cluster with -9 and starts it again as it was. Resolves when it has been started. */
export async function restart(base: string, part: 'apiserver' | 'kubelet'): Promise<void> {
  const pidFile = join(base, 'run', `${part}.pid`);
  const pid = Number(await readFile(pidFile, 'utf8'));
  const [program = '', ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
  const log = await open(join(base, 'run/log', part), 'a');
  process.kill(pid, 'SIGKILL');
  // Its socket is free a moment after its process is gone.
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    const child = spawn(program, args, {
      cwd: join(base, 'run'),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    const ended = once(child, 'exit');
    await writeFile(pidFile, String(child.pid));
    if ((await Promise.race([ended, sleep(STAYS_MS)])) !== undefined) continue;
    child.unref();
    await log.close();
    return;
  }
  throw new Error(`the ${part} does not start again: see ${join(base, 'run/log', part)}`);
}

/** Seed's own plugin in place of the one that comes with the cluster, whose name sorts after. */
const CONFIGURATION = 'run/cni-sealed/05-seed-sealed.conflist';

async function sealWith(base: string): Promise<void> {
  await copyFile(join(CNI, 'seed-sealed'), join(base, 'run/cni-bin/seed-sealed'));
  await copyFile(join(CNI, '10-seed-sealed.conflist'), join(base, CONFIGURATION));
}

const unsealWith = (base: string) => rm(join(base, CONFIGURATION), { force: true });
