// The pod that the probe's sandbox must not reach: an ordinary one, on the cluster's own network, that its node
// has found to answer. Used by probe.ts.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import { patient } from '../patience.ts';
import type { KubeClient } from './client.ts';
import { CONTAINER, LABELS } from './names.ts';
import type { Pod } from './pod.ts';
import { isolatedContainer, isolatedPod, type PodTraits } from './pod-spec.ts';
import { startProblem } from './pod-status.ts';

export const PROBE_PORT = 47_001;
/** It ends by itself, should nobody remove it. */
const LIFE_SECONDS = 180;
const READY_WITHIN_MS = 60_000;
const AGAIN_MS = 200;

export interface Listener extends AsyncDisposable {
  readonly name: string;
  readonly hosts: readonly string[];
}

/** @param program the text of reachable.py. @throws SeedError when it does not come to answer */
export async function startListener(client: KubeClient, traits: PodTraits, program: string): Promise<Listener> {
  const { metadata } = await client.create<Pod>('pods', listenerPod(traits, program));
  const { name, uid } = metadata;
  const remove = async () => {
    // What cannot be removed ends by itself, and goes with the installation.
    await client.delete(`pods/${name}`, { uid, graceSeconds: 0 }).catch(() => undefined);
  };
  try {
    const hosts = await untilReady(client, name);
    return { name, hosts, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function untilReady(client: KubeClient, name: string): Promise<string[]> {
  const until = performance.now() + patient(READY_WITHIN_MS);
  for (;;) {
    const pod = await client.get<Pod>(`pods/${name}`);
    const { conditions = [], podIPs = [], phase } = pod.status ?? {};
    const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
    if (isReady && podIPs.length > 0) return podIPs.map(({ ip }) => ip);
    const problem = startProblem(pod);
    const isOver = phase === 'Failed' || phase === 'Succeeded' || problem?.never || performance.now() >= until;
    if (isOver) {
      const why = problem?.text ?? pod.status?.message ?? 'its node does not reach it';
      throw new SeedError(
        'sandbox_failed',
        `The pod ${name}, to which nothing is to get, does not answer: ${why}`,
      );
    }
    await sleep(AGAIN_MS);
  }
}

function listenerPod(traits: PodTraits, program: string) {
  const resources = { cpu: '100m', memory: '67108864' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `seed-probe-${randomUUID().slice(0, 13)}`,
      labels: {
        [LABELS.probe]: 'listener',
        [LABELS.installation]: traits.installation,
        'app.kubernetes.io/managed-by': 'seed',
      },
      ...(traits.ownerReference && { ownerReferences: [traits.ownerReference] }),
    },
    spec: {
      ...isolatedPod(traits),
      activeDeadlineSeconds: LIFE_SECONDS,
      containers: [
        {
          ...isolatedContainer(traits),
          name: CONTAINER,
          command: listenCommand(program),
          resources: { limits: resources, requests: resources },
          readinessProbe: { tcpSocket: { port: PROBE_PORT }, periodSeconds: 1, failureThreshold: LIFE_SECONDS },
        },
      ],
    },
  };
}

export function listenCommand(program: string): string[] {
  return ['/usr/bin/python3', '-c', program, 'listen', String(PROBE_PORT), String(LIFE_SECONDS)];
}
