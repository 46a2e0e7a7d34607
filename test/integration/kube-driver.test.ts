// The edges of the Kubernetes driver that a healthy cluster does not show: what cannot be scheduled or pulled,
// what nodes and quotas do, answers that are lost, and pods that are not the ones they seem.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Driver, Snapshot } from '../../src/drivers/driver.ts';
import { sandboxTemplate } from '../../src/drivers/kubernetes/claim-template.ts';
import { createClaimsDriver } from '../../src/drivers/kubernetes/claims-driver.ts';
import { createKubeClient, type KubeClient } from '../../src/drivers/kubernetes/client.ts';
import { LISTENING_GUEST } from '../../src/drivers/kubernetes/listening-guest.ts';
import { newProbeId, podName } from '../../src/drivers/kubernetes/names.ts';
import { createPodsDriver } from '../../src/drivers/kubernetes/pods-driver.ts';
import { cat, type KubeApi, PODS, startKubeApi } from '../fixtures/kube-api.ts';
import {
  CLAIMS,
  makeAnew,
  POOLS,
  running,
  startClaimController,
  startKubelet,
  TEMPLATES,
} from '../fixtures/kubelet.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';

let api: KubeApi;
let client: KubeClient;
beforeAll(async () => {
  api = await startKubeApi();
  client = createKubeClient(api.credentials);
});
afterAll(async () => {
  await client.close();
  await api[Symbol.asyncDispose]();
});
let id: string;
let pod: string;
beforeEach(() => {
  api.asked.length = 0;
  api.exec = cat;
  id = `s-${randomUUID().slice(0, 8)}`;
  pod = `${PODS}/${podName(id)}`;
});

const traits = {
  image: 'seed-sandbox:1',
  command: LISTENING_GUEST,
  runtimeClass: 'sealed',
  pullSecret: null,
  cpuOvercommit: 1,
  installation: 'seed',
  ownerReference: null,
};
const parts = (owner = 'one') => ({ client, traits, owner, reach: 'here', said: null });
const snapshot: Snapshot = { id: 's', driver: 'kubernetes', dir: '', image: { id: '', rootfs: '', command: [] } };
const code = (expected: string) => expect.objectContaining({ code: expected });
const asked = (method: string) => api.asked.filter((request) => request.startsWith(`${method} `));

describe('pods', () => {
  let driver: Driver;
  beforeAll(() => {
    driver = createPodsDriver(parts());
  });
  beforeEach(() => startKubelet(api));
  const start = () => driver.start(snapshot, sandboxLimits(60_000), id);
  /** A kubelet that makes no more of each pod than this. */
  const becomes = (status: object) => {
    api.objects.onCreate = (path) => void api.objects.patch(path, { status });
  };
  const waiting = (reason: string) => ({
    phase: 'Pending',
    containerStatuses: [{ name: 'guest', state: { waiting: { reason, message: 'because' } } }],
  });

  it('starts, is reached, and is killed', async () => {
    await start();
    expect(await driver.status(id)).toBe('running');
    const stream = await driver.connect(id);
    stream.end('all');
    expect(String(await stream.toArray())).toBe('all');
    expect(await driver.kill(id)).toEqual({ reason: 'killed' });
    expect(await driver.kill(id)).toEqual({ reason: 'killed' });
    expect(api.objects.find(pod)).toBeUndefined();
  });

  it.each(['ImagePullBackOff', 'ErrImageNeverPull', 'CreateContainerConfigError'])(
    'does not wait for what will never run: %s',
    async (reason) => {
      becomes(waiting(reason));
      await expect(start()).rejects.toMatchObject({
        code: 'sandbox_failed',
        message: expect.stringContaining(reason),
      });
      expect(api.objects.find(pod)).toBeUndefined();
    },
  );

  it('waits for room in the cluster, and runs when there is some', async () => {
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }];
    becomes({ phase: 'Pending', conditions });
    const starting = start();
    await expect.poll(() => api.objects.find(pod)).toBeDefined();
    expect(await Promise.race([starting, driver.status(id)])).toBe('running');
    api.objects.patch(pod, running());
    await starting;
    await driver.kill(id);
  });

  it.each([
    ['Evicted', { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory' }],
    ['NodeLost', { phase: 'Failed', reason: 'NodeLost', message: 'Node gone' }],
  ])('tells that it was %s', async (reason, status) => {
    await start();
    const over = driver.ended(id);
    api.objects.patch(pod, { status });
    expect(await over).toMatchObject({ reason: 'lost', detail: expect.stringContaining(reason) });
    await expect.poll(() => api.objects.find(pod)).toBeUndefined();
  });

  it.each([
    ['its deadline', { phase: 'Failed', reason: 'DeadlineExceeded' }, { reason: 'deadline' }],
    ['its memory', ended(137, 'OOMKilled'), { reason: 'out_of_memory' }],
    ['its own will', ended(5, 'Error'), { reason: 'exited', code: 5 }],
  ])('ends by %s', async (_, status, exit) => {
    await start();
    const over = driver.ended(id);
    api.objects.patch(pod, { status });
    expect(await over).toEqual(exit);
    expect(await driver.status(id)).toEqual(exit);
  });

  it('passes on that a quota is used up, as what may pass', async () => {
    api.fail({
      method: 'POST',
      status: 403,
      reason: 'Forbidden',
      message: 'pods "x" is forbidden: exceeded quota: q',
    });
    await expect(start()).rejects.toMatchObject({ code: 'unavailable', message: /exceeded quota/ });
  });

  it('says what its role lacks', async () => {
    const message =
      'pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "x"';
    api.fail({ method: 'POST', status: 403, reason: 'Forbidden', message });
    await expect(start()).rejects.toMatchObject({ code: 'sandbox_failed', hint: /"create" on "pods"/ });
  });

  it('makes one pod of a create whose answer was lost', async () => {
    api.fail({ method: 'POST', cutAfterBytes: 0 });
    await start();
    expect(asked('POST')).toHaveLength(2);
    expect(await driver.status(id)).toBe('running');
    await driver.kill(id);
  });

  it('takes no pod for its own that has its name already', async () => {
    await start();
    const { uid } = api.objects.get(pod).metadata;
    await expect(start()).rejects.toEqual(code('sandbox_failed'));
    expect(api.objects.get(pod).metadata.uid).toBe(uid);
    await driver.kill(id);
  });

  it('killed while it starts, leaves nothing', async () => {
    becomes({ phase: 'Pending' });
    const starting = start();
    await expect.poll(() => api.objects.find(pod)).toBeDefined();
    const failed = expect(starting).rejects.toEqual(code('sandbox_failed'));
    await driver.kill(id);
    await failed;
    expect(api.objects.find(pod)).toBeUndefined();
  });

  it('is killed only when its pod is gone, however long something holds it', async () => {
    await start();
    api.objects.patch(pod, { metadata: { finalizers: ['a/b'] } });
    const killing = driver.kill(id);
    await expect.poll(() => api.objects.find(pod)?.metadata.deletionTimestamp).toBeDefined();
    const first = await Promise.race([killing, new Promise((resolve) => setTimeout(resolve, 1_000, 'held'))]);
    expect(first).toBe('held');
    api.objects.patch(pod, { metadata: { finalizers: null } });
    expect(await killing).toEqual({ reason: 'killed' });
  });

  it('says of a pod whose node is away that it was lost, and removes it by force', async () => {
    await start();
    api.objects.silent.add(pod);
    expect(await driver.kill(id)).toMatchObject({ reason: 'lost', detail: /does not answer/ });
    expect(api.objects.find(pod)).toBeUndefined();
  });

  it('is lost with its pod, though another has its name', async () => {
    await start();
    const over = driver.ended(id);
    makeAnew(api, podName(id));
    expect(await over).toMatchObject({ reason: 'lost' });
    api.objects.remove(pod);
  });

  it('lives on while the API is away', async () => {
    await start();
    const over = driver.ended(id);
    api.fail({ status: 503, times: 6 });
    api.cut();
    await expect(driver.status(id)).resolves.toBe('running');
    api.objects.patch(pod, { status: ended(0, 'Completed') });
    expect(await over).toEqual({ reason: 'exited', code: 0 });
  });

  it('passes from runner to runner, and only what is its own is swept', async () => {
    await start();
    const other = createPodsDriver(parts('two'));
    await other.adopt?.(id, 'two');
    expect(await driver.all?.()).toEqual([{ id, owner: 'two' }]);
    expect(await driver.sweep('one')).toEqual([]);
    expect(await driver.sweep('two')).toEqual([id]);
    expect(api.objects.find(pod)).toBeUndefined();
  });

  it('is nobody else’s affair while a runner that starts tries the cluster with it', async () => {
    id = newProbeId();
    await start();
    expect(await driver.all?.()).toEqual([]);
    await driver.kill(id);
    // What is left of one whose runner died is.
    const labels = { 'seed.dev/sandbox': id, 'seed.dev/runner': 'dead', 'seed.dev/installation': 'seed' };
    api.objects.onCreate = () => {};
    api.objects.create(PODS, { metadata: { name: podName(id), labels }, status: ended(0, 'Completed') });
    expect(await driver.all?.()).toEqual([{ id, owner: 'dead' }]);
    expect(await driver.sweep('dead')).toEqual([id]);
  });

  it('is not adopted once it is gone', async () => {
    await start();
    api.objects.remove(pod);
    await expect.poll(() => driver.status(id)).toMatchObject({ reason: 'lost' });
    await expect(driver.adopt?.(id, 'two')).rejects.toEqual(code('sandbox_failed'));
  });
});

describe('claims', () => {
  let driver: Driver;
  const limits = sandboxLimits(60_000);
  const template = sandboxTemplate('seed-template', traits, limits);
  beforeAll(() => {
    driver = createClaimsDriver({ ...parts(), warmPool: 'pool' });
    const spec = { sandboxTemplateRef: { name: 'seed-template' } };
    api.objects.create(POOLS, { metadata: { name: 'pool' }, spec });
    api.objects.create(TEMPLATES, { metadata: template.metadata, spec: template.spec });
  });
  beforeEach(() => startClaimController(api, template.spec.podTemplate.spec));
  const start = () => driver.start(snapshot, sandboxLimits(60_000), id);
  const claim = () => api.objects.find(`${CLAIMS}/${podName(id)}`);
  const warm = () => `warm-${podName(id)}`;

  it('is the pod that its claim was given, and ends with it', async () => {
    await start();
    expect(claim()?.['spec']).toEqual({
      warmPoolRef: { name: 'pool' },
      lifecycle: { shutdownPolicy: 'Delete', shutdownTime: expect.any(String) },
    });
    const { metadata, spec } = api.objects.get(`${PODS}/${warm()}`);
    expect(claim()?.metadata.annotations?.['seed.dev/pod']).toBe(`${warm()}/${metadata.uid}`);
    expect(spec.activeDeadlineSeconds).toBeLessThanOrEqual(62);
    expect(metadata.labels).toMatchObject({ 'seed.dev/sandbox': id, 'seed.dev/runner': 'one' });
    expect(await driver.kill(id)).toEqual({ reason: 'killed' });
    expect([claim(), api.objects.find(`${PODS}/${warm()}`)]).toEqual([undefined, undefined]);
  });

  it('is lost with its pod, and neither reached nor found in the one made anew', async () => {
    await start();
    const over = driver.ended(id);
    makeAnew(api, warm());
    expect(await over).toMatchObject({ reason: 'lost' });
    await expect(driver.connect(id)).rejects.toEqual(code('sandbox_failed'));
    await expect.poll(claim).toBeUndefined();
  });

  it('reaches no pod that was made anew just now', async () => {
    await start();
    // Nobody has been told yet.
    api.exec = () => makeAnew(api, warm());
    await expect(driver.connect(id)).rejects.toEqual(code('sandbox_failed'));
    await driver.kill(id);
  });

  it('is not found by another runner in a pod made anew', async () => {
    await start();
    const other = createClaimsDriver({ ...parts('two'), warmPool: 'pool' });
    makeAnew(api, warm());
    expect(await other.status(id)).toMatchObject({ reason: 'lost' });
    await other.kill(id);
    expect([claim(), api.objects.find(`${PODS}/${warm()}`)]).toEqual([undefined, undefined]);
  });

  it.each([
    [
      'an environment',
      { containers: [{ ...template.spec.podTemplate.spec.containers[0], env: [{ name: 'A' }] }] },
    ],
    ['the node’s network', { hostNetwork: true }],
    ['a service account', { automountServiceAccountToken: true }],
    ['another runtime', { runtimeClassName: 'runc' }],
    ['a volume of the node', { volumes: [{ name: 'node', hostPath: { path: '/' } }] }],
  ])('takes no pod with %s', async (_, change) => {
    startClaimController(api, { ...template.spec.podTemplate.spec, ...change });
    await expect(start()).rejects.toMatchObject({ code: 'sandbox_failed', message: /not usable/ });
    expect(claim()).toBeUndefined();
  });

  it.each([
    ['networkPolicy', null, 'public internet'],
    ['networkPolicy', { egress: [{}] }, 'has rules'],
    ['networkPolicyManagement', 'Unmanaged', 'Managed'],
    ['volumeClaimTemplates', [{}], 'volumeClaimTemplates'],
  ])('refuses a template with %s: %j', async (field, value, word) => {
    const path = `${TEMPLATES}/seed-template`;
    const { spec } = structuredClone(api.objects.get(path));
    api.objects.patch(path, { spec: { [field]: value } });
    const probe = await driver.probe();
    expect(probe).toMatchObject({ usable: false, why: expect.stringContaining(word) });
    api.objects.remove(path);
    api.objects.create(TEMPLATES, { metadata: template.metadata, spec });
  });

  it('does not wait for a pool that is not there', async () => {
    const conditions = [{ type: 'Ready', status: 'False', reason: 'WarmPoolNotFound', message: 'no pool' }];
    api.objects.onCreate = (path) => void api.objects.patch(path, { status: { conditions } });
    await expect(start()).rejects.toMatchObject({ code: 'sandbox_failed', message: /WarmPoolNotFound: no pool/ });
    expect(claim()).toBeUndefined();
  });

  it('passes from runner to runner, also what has no pod yet is swept', async () => {
    await start();
    const other = createClaimsDriver({ ...parts('two'), warmPool: 'pool' });
    await other.adopt?.(id, 'two');
    api.objects.onCreate = () => {};
    const metadata = { name: 'seed-early', labels: { ...claim()?.metadata.labels, 'seed.dev/sandbox': 'early' } };
    api.objects.create(CLAIMS, { metadata });
    expect(await driver.sweep('one')).toEqual([]);
    expect((await driver.all?.())?.map(({ owner }) => owner)).toEqual(['two', 'two']);
    expect((await driver.sweep('two')).sort()).toEqual(['early', id].sort());
    expect(claim()).toBeUndefined();
    api.objects.remove(`${CLAIMS}/seed-early`);
  });
});

function ended(exitCode: number, reason: string) {
  return {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [{ name: 'guest', state: { terminated: { exitCode, reason } } }],
  };
}
