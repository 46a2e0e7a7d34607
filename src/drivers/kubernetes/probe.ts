// Proves that sandboxes run in this cluster and reach nothing: starts a pod as a sandbox's is, and beside it one
// that is known to answer, and tries to reach whatever there is. Used by the driver's probe().
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { env } from '../../lib/env.ts';
import { parseJson } from '../../lib/json.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Isolation, Limits, Probe } from '../driver.ts';
import { patient } from '../patience.ts';
import type { KubeClient } from './client.ts';
import { isolationOf } from './isolation.ts';
import { type Listener, listenCommand, PROBE_PORT, startListener } from './listener.ts';
import { newProbeId } from './names.ts';
import { ensurePolicy } from './network-policy.ts';
import type { KubeObject } from './object.ts';
import type { PodTraits } from './pod-spec.ts';
import { answersIn, listOf, type Report, type Target, targetsIn } from './probe-verdict.ts';
import { runInPod } from './run-in-pod.ts';
import type { Followed } from './sandboxes.ts';

const PROGRAM = new URL('reachable.py', import.meta.url);
const MIB = 1024 * 1024;
const LIMITS: Omit<Limits, 'deadline'> = {
  vcpus: 0.5,
  memoryBytes: 128 * MIB,
  diskBytes: 16 * MIB,
  processes: 64,
};
const LIFE_MS = 150_000;
const ASK_WITHIN_MS = 30_000;
/** Says `null` where the image has no bridge. */
const ASK = 'test -x /opt/seed/bridge || exec echo null; exec /usr/bin/python3 -c "$1" ask "$2"';

export interface ProbeParts {
  client: KubeClient;
  traits: PodTraits;
  /** What the operator says of the RuntimeClass; null: what is found. */
  said: Isolation | null;
  /** Starts a pod as a sandbox's is, with another program. */
  start(command: readonly string[], id: string, limits: Limits): Promise<Followed>;
  kill(id: string): Promise<unknown>;
}

/** Takes a few seconds, most of them waiting for what is not to answer. Leaves nothing. Never rejects. */
export async function probeCluster(parts: ProbeParts): Promise<Probe> {
  const isolation = parts.said ?? 'container';
  try {
    return await probeOrThrow(parts);
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    return { usable: false, isolation, why: [error.message, error.hint].filter(Boolean).join('\n') };
  }
}

async function probeOrThrow({ client, traits, said, start, kill }: ProbeParts): Promise<Probe> {
  const program = await readFile(PROGRAM, 'utf8');
  await ensurePolicy(client, traits);
  const handler = await handlerOf(client, traits.runtimeClass);
  const id = newProbeId();
  const begun = start(listenCommand(program), id, { ...LIMITS, deadline: performance.now() + patient(LIFE_MS) });
  begun.catch(() => undefined);
  try {
    await using listener = await startListener(client, traits, program);
    const sandbox = await begun;
    const inside = await findings({ client, program, listener, sandbox, image: traits.image });
    const answers = answersIn(inside);
    const { isolation, warning } = isolationOf({ handler, ...inside.inside });
    const told = { isolation: said ?? isolation };
    if (answers.length > 0) return { usable: false, ...told, why: refusalOf(traits, listOf(answers)) };
    const { cards } = inside.inside;
    const held =
      cards.length > 0 &&
      `Sandboxes have a network card (${cards.join(', ')}): that nothing answers rests on the network's policies.`;
    const warnings = [held, said === null && warning].filter(Boolean).join('\n');
    return { usable: true, ...told, ...(warnings && { warning: warnings }) };
  } finally {
    await begun.catch(() => undefined);
    await kill(id);
  }
}

function refusalOf({ runtimeClass }: PodTraits, answers: string): string {
  const which = runtimeClass === null ? "the cluster's default runtime" : `the RuntimeClass ${runtimeClass}`;
  return `A pod with ${which} and a network policy that denies it everything still reaches: ${answers}.
The network does not enforce network policies. Use a RuntimeClass whose pods have no network card, or a network that does: docs/kubernetes.md tells how.`;
}

interface Asking {
  client: KubeClient;
  program: string;
  listener: Listener;
  sandbox: Followed;
  image: string;
}

async function findings({ client, program, listener, sandbox, image }: Asking) {
  const ask = async (pod: string, targets: readonly Target[]) => {
    const command = ['/bin/sh', '-c', ASK, 'ask', program, JSON.stringify(targets)];
    const report = parseJson(await runInPod(client, pod, command, patient(ASK_WITHIN_MS)));
    if (report === undefined) throw new SeedError('sandbox_failed', `The probe in the pod ${pod} says nothing.`);
    if (report === null) {
      throw new SeedError(
        'invalid_settings',
        `SEED_KUBERNETES_IMAGE, ${image}, is no sandbox image of this Seed.`,
        {
          hint: 'npm run image -- sandbox makes one.',
        },
      );
    }
    return report as Report;
  };
  const own = sandbox.pod.status ?? {};
  const { hosts } = listener;
  const sandboxHosts = (own.podIPs ?? []).map(({ ip }) => ip);
  const api = await apiAddresses(client);
  const [inside, outside] = await Promise.all([
    ask(sandbox.name, targetsIn({ own, api, listener: { hosts, port: PROBE_PORT } })),
    ask(listener.name, [...portsOf('itself', hosts), ...portsOf('a sandbox', sandboxHosts)]),
  ]);
  const silent = outside.outcomes.filter(({ what, outcome }) => what === 'itself' && outcome !== 'answered');
  if (silent.length > 0) {
    const what = `The pod that is to answer the probe does not: ${listOf(silent)}. Silence would prove nothing.`;
    throw new SeedError('sandbox_failed', what);
  }
  return { inside, towards: outside.outcomes.filter(({ what }) => what === 'a sandbox') };
}

const portsOf = (what: string, hosts: readonly string[]): Target[] =>
  hosts.flatMap((host) => (['tcp', 'udp'] as const).map((by) => ({ what, by, host, port: PROBE_PORT })));

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Where this process, and where pods find the API; what is this machine's own loopback is no pod's. */
async function apiAddresses(client: KubeClient): Promise<{ host: string; port: number }[]> {
  const url = new URL(client.server);
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const hosts = isIP(name) ? [name] : (await lookup(name, { all: true })).map(({ address }) => address);
  const found = hosts.map((host) => ({ host, port: Number(url.port || 443) }));
  const inCluster = env('KUBERNETES_SERVICE_HOST') ?? (await serviceAddress(client));
  if (inCluster !== undefined) found.push({ host: inCluster, port: 443 });
  return found.filter(({ host }) => !LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4'));
}

/** Undefined where it may not be read. */
async function serviceAddress(client: KubeClient): Promise<string | undefined> {
  const path = '/api/v1/namespaces/default/services/kubernetes';
  const service = await client.get<KubeObject & { spec: { clusterIP?: string } }>(path).catch(() => undefined);
  return service?.spec.clusterIP;
}

/** Null: none is asked for, or it may not be read. @throws SeedError invalid_settings when there is none */
async function handlerOf(client: KubeClient, runtimeClass: string | null): Promise<string | null> {
  if (runtimeClass === null) return null;
  try {
    const path = `/apis/node.k8s.io/v1/runtimeclasses/${runtimeClass}`;
    return (await client.get<KubeObject & { handler: string }>(path)).handler;
  } catch (error) {
    const { code } = error as SeedError;
    if (code === 'not_allowed') return null;
    if (code !== 'not_found') throw error;
    throw new SeedError('invalid_settings', `The cluster has no RuntimeClass "${runtimeClass}".`, {
      hint: 'SEED_KUBERNETES_RUNTIME_CLASS is to name one of: kubectl get runtimeclass.',
    });
  }
}
