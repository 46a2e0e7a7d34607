// What a sandbox's pod is: no identity in the cluster, no environment, no network of its own accord, nothing to
// write to but memory, and an end that its node sees to. Pure. Used by start.ts and the probe.
import { dateOfMoment } from '../../lib/clock.ts';
import type { Limits, SandboxId } from '../driver.ts';
import { ANNOTATIONS, CONTAINER, podName, sandboxLabels } from './names.ts';

const MIB = 1024 * 1024;
const PAGE_BYTES = 4096;
/** The user in the sandbox image. */
const AGENT = 1000;

/** The writable folders; of a sandbox's disk each has its share. They are memory, and end with the pod. */
const WRITABLE = [
  { name: 'workspace', path: '/workspace', share: 320 },
  { name: 'tmp', path: '/tmp', share: 128 },
  { name: 'home', path: '/home/agent', share: 48 },
  { name: 'run', path: '/run', share: 8 },
  { name: 'shm', path: '/dev/shm', share: 8 },
] as const;
const ALL_SHARES = WRITABLE.reduce((sum, { share }) => sum + share, 0);

/** What the node may keep for it on its disk, all that a sandbox cannot but cause: a log in which nothing is. */
const NODE_DISK_BYTES = 64 * MIB;

/**
 * Runs the guest with nothing of the environment that the kubelet gives to every container, and without its
 * streams: what is written to those, also by an agent that opens them by /proc/1/fd, lands in the node's log.
 */
const WITHOUT_LOG = 'exec /usr/bin/env -i "$@" </dev/null >/dev/null 2>&1';
const ENVIRONMENT = ['PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/home/agent', 'LANG=C.UTF-8', 'TZ=UTC'];

/** What all sandboxes of an installation have in common. */
export interface PodTraits {
  image: string;
  /** The guest's command line. */
  command: readonly string[];
  /** Null: the cluster's. */
  runtimeClass: string | null;
  pullSecret: string | null;
  cpuOvercommit: number;
  installation: string;
  /** The object with which the pod goes; null: it goes by itself alone. */
  ownerReference: OwnerReference | null;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
}

export interface SandboxPod {
  id: SandboxId;
  owner: string;
  limits: Limits;
  /** Made up for this start. */
  start: string;
}

/** The pod of a sandbox, as it is created. */
export function sandboxPod(traits: PodTraits, { id, owner, limits, start }: SandboxPod) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(id),
      labels: sandboxLabels(traits.installation, id, owner),
      annotations: {
        [ANNOTATIONS.start]: start,
        [ANNOTATIONS.deadline]: dateOfMoment(limits.deadline).toISOString(),
        // Cluster autoscalers are not to take a node away from under a task.
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
      },
      ...(traits.ownerReference && { ownerReferences: [traits.ownerReference] }),
    },
    spec: {
      ...isolatedPod(traits),
      ...(traits.runtimeClass !== null && { runtimeClassName: traits.runtimeClass }),
      activeDeadlineSeconds: secondsUntil(limits.deadline - performance.now()),
      containers: [
        {
          ...isolatedContainer(traits),
          name: CONTAINER,
          command: ['/bin/sh', '-c', WITHOUT_LOG, CONTAINER, ...ENVIRONMENT, ...traits.command],
          resources: resourcesOf(limits, traits.cpuOvercommit),
          volumeMounts: WRITABLE.map(({ name, path }) => ({ name, mountPath: path })),
        },
      ],
      volumes: WRITABLE.map(({ name, share }) => ({
        name,
        emptyDir: { medium: 'Memory', sizeLimit: String(shareOf(limits.diskBytes, share)) },
      })),
    },
  };
}

/** Also of the pod that probes answer to. */
export function isolatedPod({ pullSecret }: Pick<PodTraits, 'pullSecret'>) {
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    hostname: 'sandbox',
    // Nobody listens there.
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['127.0.0.1'] },
    terminationGracePeriodSeconds: 1,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: AGENT,
      runAsGroup: AGENT,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(pullSecret !== null && { imagePullSecrets: [{ name: pullSecret }] }),
  };
}

export function isolatedContainer({ image }: Pick<PodTraits, 'image'>) {
  return {
    image,
    imagePullPolicy: 'IfNotPresent',
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  };
}

function resourcesOf({ vcpus, memoryBytes }: Limits, cpuOvercommit: number) {
  const same = { memory: String(memoryBytes), 'ephemeral-storage': String(NODE_DISK_BYTES) };
  return {
    limits: { cpu: milliCpus(vcpus), ...same },
    requests: { cpu: milliCpus(vcpus / cpuOvercommit), ...same },
  };
}

const milliCpus = (vcpus: number) => `${Math.max(1, Math.round(vcpus * 1000))}m`;

const shareOf = (diskBytes: number, share: number) =>
  Math.max(PAGE_BYTES, Math.floor(((share / ALL_SHARES) * diskBytes) / PAGE_BYTES) * PAGE_BYTES);

/** As activeDeadlineSeconds has it: whole ones, never too few, and none of zero. */
export const secondsUntil = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
