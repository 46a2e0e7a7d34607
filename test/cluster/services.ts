// What the cluster of the tests lacks: it has no kube-proxy and no DNS, so that a Service's address leads nowhere.
// Here its addresses are this machine's, and lead to the ready pods, as to services of this process. Used by the
// chart's test.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { KubeClient } from '../../src/drivers/kubernetes/client.ts';
import { exec } from '../../src/lib/exec.ts';

/** The bridge of up.sh, and the machine's address on it: pods reach it. */
const BRIDGE = 'k8snode0';
export const NODE_ADDRESS = '10.244.255.1';
const SERVICE_RANGE = '10.96.0.0/24';
/** Of the Service `kubernetes`, which is where pods look for the API. */
const API = { address: '10.96.0.1', port: 443 };
const API_HERE = { host: '127.0.0.1', port: 6443 };

type Target = { host: string; port: number } | { path: string };

interface Listening extends AsyncDisposable {
  /** How many connections found nobody to lead to. */
  lost(): number;
}

interface Slice {
  ports?: { name?: string; port: number }[];
  endpoints?: { addresses: string[]; conditions: { ready?: boolean } }[];
}

/** Leads pods to a service of this machine. @returns with the port that they find it at */
export async function leadIn(target: Target): Promise<Listening & { port: number }> {
  return forward({ address: NODE_ADDRESS, port: 0 }, async () => target);
}

/**
 * Pods that are made from now on have a way to these addresses; up.sh gives them one to each other alone. The
 * configuration sorts before the one that it stands in for.
 */
export async function routeToServices(base: string): Promise<AsyncDisposable> {
  const folder = join(base, 'run/cni');
  const plain = JSON.parse(await readFile(join(folder, '10-seed.conflist'), 'utf8'));
  plain.plugins[0].ipam.routes = [{ dst: SERVICE_RANGE }, { dst: `${NODE_ADDRESS}/32` }];
  const file = join(folder, '05-seed-services.conflist');
  // In one move: containerd reads the folder whenever something in it changes.
  await writeFile(`${file}.new`, JSON.stringify(plain));
  await rename(`${file}.new`, file);
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

/** Leads pods to the Kubernetes API. */
export async function leadToApi(): Promise<Listening> {
  return withAddress(API.address, () => forward(API, async () => API_HERE));
}

/** Leads who calls this address to the Service's ready pods by turns, as kube-proxy does. */
export function leadToService(
  client: KubeClient,
  { name, address, port }: { name: string; address: string; port: number },
): Promise<Listening> {
  let turn = 0;
  const path = `/apis/discovery.k8s.io/v1/namespaces/${client.namespace}/endpointslices`;
  const choose = async (): Promise<Target | null> => {
    const slices = await client.list<Slice>(path, { labelSelector: `kubernetes.io/service-name=${name}` });
    const ready = slices.flatMap(({ endpoints = [], ports = [] }) =>
      endpoints
        .filter(({ conditions }) => conditions.ready)
        .map(({ addresses: [host = ''] }) => ({ host, port: ports[0]?.port ?? 0 })),
    );
    turn += 1;
    return ready[turn % ready.length] ?? null;
  };
  return withAddress(address, () => forward({ address, port }, choose));
}

async function withAddress(address: string, listen: () => Promise<Listening>): Promise<Listening> {
  await exec('ip', ['addr', 'replace', `${address}/32`, 'dev', BRIDGE]);
  const listening = await listen();
  return {
    lost: listening.lost,
    async [Symbol.asyncDispose]() {
      await listening[Symbol.asyncDispose]();
      await exec('ip', ['addr', 'del', `${address}/32`, 'dev', BRIDGE]);
    },
  };
}

async function forward(
  at: { address: string; port: number },
  choose: () => Promise<Target | null>,
): Promise<Listening & { port: number }> {
  const open = new Set<Socket>();
  let lost = 0;
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, async (socket) => {
    const target = await choose().catch(() => null);
    if (target === null) {
      lost += 1;
      return void socket.destroy();
    }
    const other = connect({ ...target, allowHalfOpen: true });
    for (const [one, two] of [
      [socket, other],
      [other, socket],
    ] as const) {
      open.add(one);
      one.on('error', () => two.destroy());
      one.on('close', () => {
        open.delete(one);
        two.destroy();
      });
      one.pipe(two);
    }
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(at.port, at.address, resolve);
  await promise;
  return {
    port: (server.address() as AddressInfo).port,
    lost: () => lost,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
