// What the driver does not start, and says why: a network that answers, an image that is none, a quota that is used
// up; and the policy that it makes.
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Driver, Snapshot } from '../../src/drivers/driver.ts';
import { createKubernetesDriver } from '../../src/drivers/kubernetes/driver.ts';
import { selectDriver } from '../../src/drivers/set-up/select.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';
import { inCluster } from './in-cluster.ts';

const cluster = await inCluster({ image: 'echo', runtimeClass: 'sealed' });
const there = test.skipIf(cluster === null);
const context = { cacheDir: '', dataDir: '', runscPath: '', owner: 'somebody' };

/** What this process's settings make, with these in their place. */
async function withSettings<Result>(
  settings: Record<string, string>,
  run: () => Promise<Result>,
): Promise<Result> {
  const before = Object.keys(settings).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, settings);
  try {
    return await run();
  } finally {
    for (const [name, value] of before) process.env[name] = value;
  }
}

const select = (settings: Record<string, string>) =>
  withSettings(settings, async () => (await selectDriver(context, 'kubernetes')).probes[0]);

there('a network that does not enforce its policies is refused, and what answers is named', async () => {
  const probe = await select({ SEED_KUBERNETES_RUNTIME_CLASS: 'none' });
  expect(probe).toMatchObject({ driver: 'kubernetes', usable: false });
  expect(probe?.why).toMatch(/still reaches: .*another pod \(10\.244\.0\.\d+, (udp|tcp) 47001\)/);
  expect(probe?.why).toContain('does not enforce network policies');
});

there('pods without a network card are taken, and leave only the policy behind', async () => {
  expect(await select({})).toEqual({ driver: 'kubernetes', usable: true, isolation: 'container' });
  const installation = cluster?.env['SEED_KUBERNETES_OWNER'];
  const selector = `seed.dev/installation=${installation}`;
  const of = async (kind: string) =>
    JSON.parse((await cluster?.kubectl('get', kind, '-l', selector, '-o', 'json')) ?? '') as { items: object[] };
  expect((await of('pods')).items).toEqual([]);
  expect((await of('networkpolicies')).items).toMatchObject([
    {
      metadata: { ownerReferences: [{ kind: 'ConfigMap', name: installation }] },
      spec: {
        podSelector: {
          matchLabels: { 'seed.dev/installation': installation },
          matchExpressions: [{ key: 'seed.dev/sandbox', operator: 'Exists' }],
        },
        policyTypes: ['Ingress', 'Egress'],
      },
    },
  ]);
});

there('a policy that lets something through is refused', async () => {
  const name = `seed-sandboxes-${cluster?.env['SEED_KUBERNETES_OWNER']}`;
  const open = JSON.stringify({ spec: { egress: [{}] } });
  await cluster?.kubectl('patch', 'networkpolicy', name, '--type=merge', '-p', open);
  expect((await select({}))?.why).toContain('does not deny sandboxes all');
  await cluster?.kubectl('delete', 'networkpolicy', name);
});

there('settings that fit nothing there are told', async () => {
  const why = async (settings: Record<string, string>) => (await select(settings))?.why;
  expect(await why({ SEED_KUBERNETES_RUNTIME_CLASS: 'nobody' })).toContain('no RuntimeClass "nobody"');
  expect(await why({ SEED_KUBERNETES_RUNTIME_CLASS: '' })).toContain('SEED_KUBERNETES_RUNTIME_CLASS is not set');
  expect(await why({ SEED_KUBERNETES_OWNER: 'nobody' })).toContain('no such ConfigMap');
  expect(await why({ SEED_KUBERNETES_IMAGE: 'seed.test/busybox:1' })).toMatch(/seed-probe-.* (ended|does not)/);
});

const SNAPSHOT: Snapshot = {
  id: '',
  driver: 'kubernetes',
  dir: '',
  image: { id: '', rootfs: '', command: [] },
};
const start = (driver: Driver, id: string) => driver.start(SNAPSHOT, sandboxLimits(60_000), id);

there('an image that cannot be had is told with what the cluster has noted', async () => {
  const settings = { SEED_KUBERNETES_IMAGE: 'registry.invalid/seed:1' };
  const driver = await withSettings(settings, () => createKubernetesDriver({ owner: 'somebody' }));
  await expect(start(driver, 'pulled')).rejects.toMatchObject({
    code: 'sandbox_failed',
    message: expect.stringMatching(/does not start: (ErrImagePull|ImagePullBackOff): [\s\S]*registry\.invalid/),
  });
  expect(await driver.all?.()).toEqual([]);
});

there('a quota that is used up is told as what may pass', async () => {
  const driver = await createKubernetesDriver({ owner: 'somebody' });
  await cluster?.kubectl('create', 'quota', 'none', '--hard=pods=0');
  await cluster?.kubectl('wait', 'quota/none', '--for=jsonpath={.status.hard.pods}=0', '--timeout=30s');
  try {
    await expect(start(driver, 'over-quota')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('exceeded quota'),
    });
  } finally {
    await cluster?.kubectl('delete', 'quota', 'none');
  }
  expect(await driver.status('over-quota')).toMatchObject({ reason: 'lost' });
});

there('a sandbox that is taken away is lost, with the reason', async () => {
  const driver = await createKubernetesDriver({ owner: randomUUID() });
  await start(driver, 'taken-away');
  await cluster?.kubectl('delete', 'pods', '-l', 'seed.dev/sandbox=taken-away', '--grace-period=1');
  expect(await driver.ended('taken-away')).toEqual({
    reason: 'lost',
    detail: expect.stringMatching(/(deleted its pod|killed by signal 9)/),
  });
  expect(await driver.all?.()).toEqual([]);
});

there('a guest that cannot go on says why, and what it has used', async () => {
  const settings = { SEED_KUBERNETES_IMAGE: cluster?.images.sandbox ?? '' };
  const driver = await withSettings(settings, () => createKubernetesDriver({ owner: randomUUID() }));
  // A page in each folder that can be written, which is not enough for the guest's own.
  const limits = sandboxLimits(60_000, { diskBytes: 1 });
  const tooQuick = await driver.start(SNAPSHOT, limits, 'no-room').then(
    () => null,
    (error: Error) => error.message,
  );
  // On a quick machine it has ended before it was seen to run, and nothing is left to be measured.
  if (tooQuick !== null) return expect(tooQuick).toContain('ENOSPC');
  expect(await driver.ended('no-room')).toEqual({
    reason: 'exited',
    code: 1,
    detail: expect.stringContaining('ENOSPC'),
  });
  expect(await driver.usage('no-room')).toEqual({
    cpuSeconds: expect.toSatisfy((seconds: number) => seconds > 0.05),
    peakMemoryBytes: expect.toSatisfy((bytes: number) => bytes > 10e6),
    problem: null,
  });
});

there('a start that is killed meanwhile leaves nothing', async () => {
  const driver = await createKubernetesDriver({ owner: randomUUID() });
  const starting = start(driver, 'crossed');
  starting.catch(() => undefined);
  await driver.kill('crossed');
  await expect(starting).rejects.toMatchObject({ code: 'sandbox_failed' });
  expect(await driver.all?.()).toEqual([]);
});

there('another runner can take a sandbox over, and only its own are swept', async () => {
  const [first, second] = await Promise.all(['first', 'second'].map((owner) => createKubernetesDriver({ owner })));
  if (!first || !second) throw new Error('there are two');
  expect(first.reach).toBe(second.reach);
  await start(first, 'handed-over');
  await second.adopt?.('handed-over', 'second');
  expect(await second.all?.()).toEqual([{ id: 'handed-over', owner: 'second' }]);
  expect(await first.sweep('first')).toEqual([]);
  const stream = await second.connect('handed-over');
  stream.write('clock\n');
  expect(await stream[Symbol.asyncIterator]().next()).toMatchObject({ done: false });
  expect(await second.sweep('second')).toEqual(['handed-over']);
  expect((await first.ended('handed-over')).reason).toBe('lost');
});
