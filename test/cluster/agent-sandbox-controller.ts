// The real controller of kubernetes-sigs/agent-sandbox on the tests' cluster: built from its Go module once and
// kept in the cache, with its CRDs applied. Used by the tests of mode `agent-sandbox`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { makeFolder } from '../../src/lib/cache-folders.ts';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { exec } from '../../src/lib/exec.ts';
import { withFileLock } from '../../src/lib/file-lock.ts';
import { textTail } from '../../src/lib/read-stream.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import type { InCluster } from './in-cluster.ts';

const MODULE = 'sigs.k8s.io/agent-sandbox';
const GO_FOLDER = join(import.meta.dirname, 'agent-sandbox');
const PROGRAM = 'agent-sandbox-controller';
const BUILD_WITHIN_MS = 30 * 60_000;

interface Built {
  program: string;
  /** The module's own, as YAML. */
  crds: string[];
}

/** Null, with the reason, where it is not kept and Go is not here to build it. */
export async function buildController(): Promise<Built | { why: string }> {
  const text = await readFile(join(GO_FOLDER, 'go.mod'), 'utf8');
  const version = new RegExp(`${MODULE} (v[\\d.]+)`).exec(text)?.[1];
  const tools = join(cacheDirSetting(), 'tools');
  const folder = join(tools, `agent-sandbox-${version}`);
  await mkdir(tools, { recursive: true });
  const files = () => readdir(join(folder, 'crds')).catch(() => null);
  if ((await files()) === null) {
    const go = await exec('go', ['version'], { timeoutMs: 30_000 }).catch(() => null);
    if (go === null) return { why: 'there is no Go to build the controller of agent-sandbox with' };
    await withFileLock(`${folder}.lock`, async () => {
      if ((await files()) === null) await makeFolder(folder, build);
    });
  }
  const crds = ((await files()) ?? []).map((file) => join(folder, 'crds', file));
  return { program: join(folder, PROGRAM), crds };
}

/** Go holds the module, and all that it needs, against the sums in go.sum. */
async function build(folder: string): Promise<void> {
  const source = join(folder, 'source');
  await mkdir(source);
  for (const name of ['go.mod', 'go.sum']) await copyFile(join(GO_FOLDER, name), join(source, name));
  const kept = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '' };
  const options = { cwd: source, env: { ...(wholeEnvironment() as Record<string, string>), ...kept } };
  const out = ['-mod=readonly', '-trimpath', '-ldflags', '-s -w', '-o', join(folder, PROGRAM)];
  const limit = { ...options, timeoutMs: BUILD_WITHIN_MS };
  await exec('go', ['build', ...out, `${MODULE}/cmd/${PROGRAM}`], limit);
  const module = (await exec('go', ['list', '-m', '-f', '{{.Dir}}', MODULE], limit)).trim();
  await mkdir(join(folder, 'crds'));
  for (const file of await readdir(join(module, 'helm/crds'))) {
    await copyFile(join(module, 'helm/crds', file), join(folder, 'crds', file));
  }
  await rm(source, { recursive: true });
}

export interface Controller extends AsyncDisposable {
  /** What it has said last. */
  log(): string;
}

/** Applies the CRDs and runs the controller until it is disposed of, which removes both. */
export async function startController({ program, crds }: Built, cluster: InCluster): Promise<Controller> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-crds-'));
  for (const [index, crd] of crds.entries()) {
    const definition = parse(await readFile(crd, 'utf8')) as { spec: { conversion: unknown } };
    // One version is used: nothing is to be converted, and no webhook has to be reached by the API.
    definition.spec.conversion = { strategy: 'None' };
    await writeFile(join(folder, `${index}.json`), JSON.stringify(definition));
  }
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-f', folder);
  const wait = ['--for', 'condition=Established', '--timeout', '30s'];
  await cluster.kubectl('wait', ...wait, '-f', folder);
  const off = ['--leader-elect=false', '--enable-webhook=false'];
  const addresses = ['--metrics-bind-address=0', '--health-probe-bind-address=0'];
  const child = spawn(program, ['--extensions', ...off, ...addresses], {
    env: { KUBECONFIG: cluster.kubeconfig, PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  const log = textTail(child.stderr, 16 * 1024);
  return {
    log,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await closed;
      await cluster.kubectl('delete', '-f', folder, '--ignore-not-found', '--wait=true', '--timeout', '60s');
      await rm(folder, { recursive: true });
    },
  };
}
