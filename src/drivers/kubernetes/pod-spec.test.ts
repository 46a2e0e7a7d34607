import { expect, test } from 'vitest';
import { podName } from './names.ts';
import { type PodTraits, sandboxPod, secondsUntil } from './pod-spec.ts';

const MIB = 1024 * 1024;
const traits: PodTraits = {
  image: 'seed-sandbox:1',
  command: ['/usr/bin/node', '/opt/seed/guest.mjs'],
  runtimeClass: 'sealed',
  pullSecret: null,
  cpuOvercommit: 4,
  installation: 'here',
  ownerReference: { apiVersion: 'v1', kind: 'ConfigMap', name: 'here', uid: 'u' },
};
const limits = {
  deadline: performance.now() + 60_000,
  diskBytes: 512 * MIB,
  memoryBytes: 1024 * MIB,
  vcpus: 2,
  processes: 256,
};
const pod = sandboxPod(traits, { id: 'a', owner: 'r', limits, start: 's' });
const [container] = pod.spec.containers;

test('has no rights, no identity and nothing of the cluster', () => {
  expect(pod.spec).toMatchObject({
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['127.0.0.1'] },
    hostname: 'sandbox',
    runtimeClassName: 'sealed',
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  });
  expect(container?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    privileged: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  for (const name of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'serviceAccountName']) {
    expect(pod.spec).not.toHaveProperty(name);
  }
  expect(container).not.toHaveProperty('env');
  expect(container).not.toHaveProperty('envFrom');
});

test('has no log for what its guest and agent write', () => {
  const [shell, , script, ...words] = container?.command ?? [];
  expect(shell).toBe('/bin/sh');
  expect(script).toBe('exec /usr/bin/env -i "$@" </dev/null >/dev/null 2>&1');
  expect(words.slice(-2)).toEqual(traits.command);
});

test('asks for what it may use, and for its part of a processor', () => {
  const same = { memory: String(1024 * MIB), 'ephemeral-storage': String(64 * MIB) };
  expect(container?.resources).toEqual({
    limits: { cpu: '2000m', ...same },
    requests: { cpu: '500m', ...same },
  });
});

test.each([512 * MIB, 64 * MIB, 100 * MIB + 1])('writes to memory alone, all in all %i bytes', (diskBytes) => {
  const { volumes } = sandboxPod(traits, {
    id: 'a',
    owner: 'r',
    limits: { ...limits, diskBytes },
    start: 's',
  }).spec;
  const sizes = volumes.map(({ emptyDir }) => Number(emptyDir.sizeLimit));
  const sum = sizes.reduce((one, other) => one + other, 0);
  expect(sum).toBeLessThanOrEqual(diskBytes);
  expect(sum).toBeGreaterThan(diskBytes - volumes.length * 4096);
  expect(volumes.every(({ emptyDir }) => emptyDir.medium === 'Memory')).toBe(true);
  expect(sizes.every((size) => size % 4096 === 0)).toBe(true);
});

test('says whose it is, and goes with the installation', () => {
  expect(pod.metadata.labels).toMatchObject({
    'seed.dev/sandbox': 'a',
    'seed.dev/runner': 'r',
    'seed.dev/installation': 'here',
  });
  expect(pod.metadata.ownerReferences).toEqual([traits.ownerReference]);
  const alone = { ...traits, ownerReference: null, runtimeClass: null };
  const other = sandboxPod(alone, { id: 'a', owner: 'r', limits, start: 's' });
  expect(other.metadata).not.toHaveProperty('ownerReferences');
  expect(other.spec).not.toHaveProperty('runtimeClassName');
});

test('lives as long as its deadline allows, in whole seconds and at least one', () => {
  expect(pod.spec.activeDeadlineSeconds).toBeGreaterThan(58);
  expect(pod.spec.activeDeadlineSeconds).toBeLessThanOrEqual(60);
  expect([-5, 0, 1, 1000, 1001].map(secondsUntil)).toEqual([1, 1, 1, 1, 2]);
});

test('is called by its id, always the same, and unlike others', () => {
  expect(podName('pool-7F1b')).toMatch(/^seed-pool-7f1b-[0-9a-f]{10}$/);
  expect(podName('a.b')).not.toBe(podName('a-b'));
  expect(podName('A')).not.toBe(podName('a'));
  expect(podName(`x${'-.'.repeat(30)}x`)).toMatch(/^[a-z0-9-]{1,63}$/);
  for (const id of ['', '../x', '-a', 'a-', 'a b', 'x'.repeat(64)])
    expect(() => podName(id)).toThrow('Not a sandbox id');
});
