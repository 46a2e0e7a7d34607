// Mode `agent-sandbox` with the project's real controller on a real cluster: claims take over pods that wait, and
// a sandbox is the pod that its claim was given first, whatever is made in its place.
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Driver, Snapshot } from '../../src/drivers/driver.ts';
import { CLAIM_API } from '../../src/drivers/kubernetes/claim.ts';
import { sandboxTemplate } from '../../src/drivers/kubernetes/claim-template.ts';
import { createKubernetesDriver } from '../../src/drivers/kubernetes/driver.ts';
import { LISTENING_GUEST } from '../../src/drivers/kubernetes/listening-guest.ts';
import { runInGuest } from '../fixtures/echo-guest.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';
import { buildController, type Controller, startController } from './agent-sandbox-controller.ts';
import { inCluster } from './in-cluster.ts';

interface PodSeen {
  metadata: Record<string, string>;
  status: { conditions?: { type: string; status: string }[] };
}

const POOL = 'seed-pool';
// Its node is this machine, which may be busy: not to be taken for one that is away.
const busy = { SEED_SANDBOX_PATIENCE: '3' };
const more = { ...busy, SEED_KUBERNETES_MODE: 'agent-sandbox', SEED_KUBERNETES_WARM_POOL: POOL };
const cluster = await inCluster({ image: 'echo', runtimeClass: 'sealed', more });
const built = cluster && (await buildController());
const why = built && 'why' in built ? built.why : null;
if (why !== null) console.warn(`SKIPPED agent-sandbox: ${why}`);

describe.skipIf(cluster === null || why !== null)('agent-sandbox', () => {
  if (cluster === null || built === null || 'why' in built) return;
  const { kubectl, env } = cluster;
  const installation = env['SEED_KUBERNETES_OWNER'] ?? '';
  const limits = { memoryBytes: 128 * 1024 * 1024, diskBytes: 64 * 1024 * 1024, vcpus: 0.5, processes: 64 };
  const traits = {
    image: env['SEED_KUBERNETES_IMAGE'] ?? '',
    command: LISTENING_GUEST,
    runtimeClass: 'sealed',
    pullSecret: null,
    cpuOvercommit: 50,
    installation,
    ownerReference: null,
  };
  const template = sandboxTemplate('seed-template', traits, limits);
  const apply = async (object: object) => {
    const file = join(tmpdir(), `seed-${randomUUID()}.json`);
    await writeFile(file, JSON.stringify(object));
    await kubectl('apply', '-f', file);
  };
  const pool = (replicas: number) => ({
    ...{ apiVersion: CLAIM_API, kind: 'SandboxWarmPool', metadata: { name: POOL } },
    spec: { replicas, sandboxTemplateRef: { name: 'seed-template' } },
  });
  const json = async (...args: string[]) => JSON.parse(await kubectl('get', ...args, '-o', 'json'));
  const pods = async (): Promise<PodSeen[]> => (await json('pods')).items;
  const claims = async () =>
    (await json('sandboxclaims')).items.map((claim: { metadata: { name: string } }) => claim.metadata.name);
  const isReady = ({ status }: PodSeen) =>
    status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  /** Also before the first test, where nothing can be polled. */
  async function warm(count: number): Promise<void> {
    const late = AbortSignal.timeout(60_000);
    while (((await json('sandboxwarmpool', POOL)).status?.readyReplicas ?? 0) < count) {
      late.throwIfAborted();
      await sleep(200);
    }
  }

  let controller: Controller;
  let driver: Driver;
  let snapshot: Snapshot;
  beforeAll(async () => {
    controller = await startController(built, cluster);
    await apply(template);
    await apply(pool(2));
    driver = await createKubernetesDriver({ owner: 'one' });
    snapshot = await driver.freeze({ id: '', rootfs: '', command: [] }, () => {});
    await warm(2);
  });
  afterAll(async () => {
    await kubectl('delete', 'sandboxclaims,sandboxwarmpools,sandboxtemplates', '--all', '--wait=true');
    await controller[Symbol.asyncDispose]();
  });
  const start = async (lifeMs = 60_000) => {
    const id = `t-${randomUUID().slice(0, 8)}`;
    await driver.start(snapshot, sandboxLimits(lifeMs, limits), id);
    return id;
  };
  const podOf = async (id: string) => (await json('pods', '-l', `seed.dev/sandbox=${id}`)).items[0];

  it('is usable with a sound template, and says what is wrong with another', async () => {
    const probe = await driver.probe();
    expect(probe.why ?? '').toBe('');
    expect(probe.usable).toBe(true);
    await apply({ ...template, spec: { ...template.spec, networkPolicy: { ingress: [{}], egress: [] } } });
    expect((await driver.probe()).why).toContain('networkPolicy has rules');
    await kubectl(
      'patch',
      'sandboxtemplate',
      'seed-template',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/spec/networkPolicy"}]',
    );
    expect((await driver.probe()).why).toContain('public internet');
    await apply(template);
    const policy = await json('networkpolicy', 'seed-template-network-policy');
    expect(policy.spec.policyTypes).toEqual(['Ingress', 'Egress']);
  });

  it('takes over a pod that waited, with every byte both ways', async () => {
    await warm(2);
    const before = (await pods()).filter(isReady).map(({ metadata }) => metadata['uid']);
    const id = await start();
    const pod = await podOf(id);
    expect(before).toContain(pod.metadata.uid);
    const stream = await driver.connect(id);
    const sent = randomBytes(3_000_000);
    stream.write('echo\n');
    stream.write(sent);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of stream) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= sent.length) break;
    }
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
    const claim = (await json('sandboxclaims', '-l', `seed.dev/sandbox=${id}`)).items[0];
    expect(claim.spec.env).toBeUndefined();
    expect(claim.spec.lifecycle.shutdownPolicy).toBe('Delete');
    expect(await driver.kill(id)).toEqual({ reason: 'killed' });
    expect((await pods()).map(({ metadata }) => metadata['uid'])).not.toContain(pod.metadata.uid);
    expect(await claims()).not.toContain(claim.metadata.name);
  });

  it('is lost with its pod, and is not the one that is made in its place', async () => {
    await warm(1);
    const id = await start();
    const pod = await podOf(id);
    const over = driver.ended(id);
    await kubectl('delete', 'pod', pod.metadata.name, '--grace-period=0', '--wait=false');
    expect(await over).toMatchObject({ reason: 'lost' });
    await expect(driver.connect(id)).rejects.toMatchObject({ code: 'sandbox_failed' });
    expect(await driver.status(id)).toMatchObject({ reason: 'lost' });
    await expect.poll(claims, { timeout: 20_000 }).toEqual([]);
    const other = await createKubernetesDriver({ owner: 'two' });
    expect(await other.status(id)).toMatchObject({ reason: 'lost' });
  });

  it('ends at its deadline, and leaves no claim', async () => {
    await warm(1);
    const id = await start();
    await driver.tighten(id, performance.now() + 4_000);
    const began = performance.now();
    expect(await driver.ended(id)).toEqual({ reason: 'deadline' });
    expect(performance.now() - began).toBeLessThan(9_000);
    await expect.poll(claims, { timeout: 20_000 }).toEqual([]);
  });

  it('ends at its deadline without anybody of ours, by its node and the controller', async () => {
    await warm(1);
    const id = `t-${randomUUID().slice(0, 8)}`;
    const gone = await createKubernetesDriver({ owner: 'gone' });
    await gone.start(snapshot, sandboxLimits(30_000, limits), id);
    const claim = (await json('sandboxclaims', '-l', `seed.dev/sandbox=${id}`)).items[0];
    const pod = await podOf(id);
    const ends = Date.parse(claim.spec.lifecycle.shutdownTime) - Date.parse(claim.metadata.creationTimestamp);
    expect(ends).toBeGreaterThan(30_000);
    expect(ends).toBeLessThan(40_000);
    const age = Date.parse(claim.metadata.creationTimestamp) - Date.parse(pod.status.startTime);
    expect(pod.spec.activeDeadlineSeconds * 1000 - age).toBeLessThan(35_000);
    const soon = new Date(Date.now() + 2_000).toISOString();
    await kubectl(
      'patch',
      'sandboxclaim',
      claim.metadata.name,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { lifecycle: { shutdownTime: soon } } }),
    );
    await expect
      .poll(async () => (await pods()).map(({ metadata }) => metadata['uid']), { timeout: 20_000 })
      .not.toContain(pod.metadata.uid);
    expect(await gone.ended(id)).toMatchObject({ reason: 'lost' });
  });

  it('passes from runner to runner, and is swept with the one that is gone', async () => {
    await warm(1);
    const id = await start();
    const other = await createKubernetesDriver({ owner: 'two' });
    await other.adopt?.(id, 'two');
    expect(await driver.all?.()).toEqual([{ id, owner: 'two' }]);
    const stream = await other.connect(id);
    expect(await runInGuest(stream, 'echo $((6*7))')).toEqual({ output: '42\n', code: 0 });
    expect(await driver.sweep('one')).toEqual([]);
    expect(await driver.sweep('two')).toEqual([id]);
    expect(await driver.ended(id)).toEqual({ reason: 'killed' });
    expect(await claims()).toEqual([]);
  });

  it('says that no pool serves it, and leaves no claim', async () => {
    process.env['SEED_KUBERNETES_WARM_POOL'] = 'none-such';
    const lost = await createKubernetesDriver({ owner: 'one' });
    process.env['SEED_KUBERNETES_WARM_POOL'] = POOL;
    expect((await lost.probe()).why).toContain('There is no SandboxWarmPool "none-such"');
    const starting = lost.start(snapshot, sandboxLimits(60_000, limits), 'never');
    await expect(starting).rejects.toMatchObject({ code: 'sandbox_failed', message: /WarmPoolNotFound/ });
    expect(await claims()).toEqual([]);
  });
});
