// The chart in a real cluster, as an operator has it: refused without its secrets, installed, tried by helm test,
// updated while tasks run, and gone without a trace.
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createKubeClient } from '../../src/drivers/kubernetes/client.ts';
import { readKubeconfig } from '../../src/drivers/kubernetes/kubeconfig.ts';
import { exec } from '../../src/lib/exec.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { instructionOf, type SlowModel, startSlowModel } from '../chaos/model.ts';
import { emptyDatabase, rowsOf, type TestDatabase } from '../fixtures/database.ts';
import { CHART, HELM, helm, NO_HELM } from '../fixtures/helm.ts';
import { BUCKET, startS3 } from '../fixtures/s3-server.ts';
import { keepAsking } from './keep-asking.ts';
import { NO_IMAGE, putSeedImage } from './seed-image.ts';
import { leadIn, leadToApi, leadToService, NODE_ADDRESS, routeToServices } from './services.ts';

const cluster = inject('cluster');
if ('broken' in cluster) throw new Error(cluster.broken);
const obstacle = 'why' in cluster ? cluster.why : HELM === null ? NO_HELM : NO_IMAGE;
if (obstacle !== null) console.log(`skipped: the chart in a cluster: ${obstacle}`);

const RELEASE = 'trial';
/** Of the servers' Service: in the range of the cluster's, and another one than that of a run beside this one. */
const ADDRESS = `10.96.0.${randomInt(100, 250)}`;
const TASKS = 10;
const TIMEOUT_MS = 900_000;

interface TaskEnd {
  status: string;
  error: { code: string } | null;
}

describe.skipIf(obstacle)('the chart in a cluster', { timeout: TIMEOUT_MS }, () => {
  if ('why' in cluster) return;
  const { base, kubeconfig, images } = cluster;
  const namespace = `seed-chart-${randomUUID().slice(0, 8)}`;
  const url = `http://${ADDRESS}:3210`;
  const adminKey = generateKeySecret();
  const undo = new AsyncDisposableStack();
  let database: TestDatabase;
  let model: SlowModel;
  let secrets: Record<string, string>;
  let values: object;

  const kubectl = (...args: string[]) =>
    exec(join(base, 'bin/hyper'), ['kubectl', '--kubeconfig', kubeconfig, '-n', namespace, ...args], {
      timeoutMs: 120_000,
    });
  const run = (args: readonly string[], more: object = {}) =>
    helm([...args, '--kubeconfig', kubeconfig, '--namespace', namespace], { input: { ...values, ...more } });
  const makeSecret = (keys: readonly string[]) =>
    kubectl(
      ...['create', 'secret', 'generic', 'seed-secrets'],
      ...keys.map((key) => `--from-literal=${key}=${secrets[key]}`),
    );
  const call = async (path: string, body?: object) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(response.status, `${path}: ${await response.clone().text()}`).toBeLessThan(300);
    return response.json() as Promise<Record<string, unknown>>;
  };

  beforeAll(async () => {
    database = await emptyDatabase();
    undo.defer(() => database.drop());
    model = await startSlowModel();
    undo.defer(() => model.close());
    const s3 = await startS3();
    undo.defer(() => s3.close());
    undo.use(await routeToServices(base));
    const endpoint = await ledTo(s3.settings.endpoint);
    const modelUrl = await ledTo(model.url);
    const databaseUrl = await ledTo(database.databaseUrl);
    undo.use(await leadToApi());
    const client = createKubeClient(await readKubeconfig(kubeconfig), namespace);
    undo.defer(() => client.close());
    undo.use(await leadToService(client, { name: `${RELEASE}-seed-server`, address: ADDRESS, port: 3210 }));
    await putSeedImage(base);
    await kubectl('create', 'namespace', namespace);
    // A namespace that takes no other pods: Seed's own are within it, and sandboxes are.
    await kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
    secrets = {
      DATABASE_URL: databaseUrl,
      SEED_RUNNER_TOKEN: randomBytes(32).toString('hex'),
      SEED_SECRETS_KEY: randomBytes(32).toString('hex'),
      SEED_ADMIN_KEY: adminKey,
      SEED_S3_ACCESS_KEY_ID: s3.settings.accessKeyId,
      SEED_S3_SECRET_ACCESS_KEY: s3.settings.secretAccessKey,
    };
    const little = { requests: { cpu: '50m', memory: '256Mi' } };
    values = {
      image: { repository: 'seed', pullPolicy: 'Never' },
      secrets: { name: 'seed-secrets' },
      model: { upstream: 'compatible', baseUrl: modelUrl, names: ['slow'] },
      files: { s3: { endpoint, bucket: BUCKET, region: s3.settings.region } },
      packs: 'examples/crm',
      // There is no DNS.
      server: { service: { clusterIP: ADDRESS }, resources: little, preStopSeconds: 5 },
      runner: {
        serverUrl: url,
        slots: 8,
        resources: little,
        extraEnv: [
          { name: 'SEED_POOL_SIZE', value: '2' },
          { name: 'SEED_SANDBOX_PATIENCE', value: '5' },
        ],
      },
      migrations: { resources: little },
      sandboxes: { image: images.sandbox, runtimeClass: 'sealed', isolation: 'container', cpuOvercommit: 50 },
    };
  }, TIMEOUT_MS);
  afterAll(async () => {
    await kubectl('delete', 'namespace', namespace, '--wait=false').catch(() => undefined);
    await kubectl('delete', 'clusterrole,clusterrolebinding', `${RELEASE}-seed-runner-${namespace}`).catch(
      () => undefined,
    );
    await undo.disposeAsync();
  }, TIMEOUT_MS);

  test('is not installed before its secrets are there, and says which are missing', async () => {
    const install = () => run(['install', RELEASE, CHART]);
    await expect(install()).rejects.toThrow('DATABASE_URL: there is no Secret seed-secrets');
    await makeSecret(['DATABASE_URL', 'SEED_RUNNER_TOKEN', 'SEED_ADMIN_KEY']);
    const refusal = await install().catch((error: Error) => error.message);
    expect(refusal).toContain('SEED_SECRETS_KEY: the Secret seed-secrets has no key SEED_SECRETS_KEY');
    expect(refusal).toContain('SEED_S3_ACCESS_KEY_ID');
    expect(refusal).not.toContain('SEED_ADMIN_KEY: ');
    expect(await kubectl('get', 'deployments,jobs,configmaps', '-o', 'name')).toBe('configmap/kube-root-ca.crt\n');
    await kubectl('delete', 'secret', 'seed-secrets');
  });

  test('is installed, with servers that waited for the migration and runners that are ready', async () => {
    await makeSecret(Object.keys(secrets));
    await run(['install', RELEASE, CHART, '--wait', '--timeout', '4m']);
    const columns = 'jsonpath={range .items[*]}{.metadata.name}={.status.readyReplicas} {end}';
    const ready = async () => (await kubectl('get', 'deployments', '-o', columns)).trim().split(' ').sort();
    // Helm waits for what it has asked for; the second server is the autoscaler's.
    await expect
      .poll(ready, { timeout: 60_000, interval: 500 })
      .toEqual(['trial-seed-runner=2', 'trial-seed-server=2']);
    const jobs = await kubectl('get', 'jobs', '-o', 'jsonpath={.items[*].status.succeeded}');
    expect(jobs).toBe('1');
    const [{ applied }] = (await rowsOf(
      database.databaseUrl,
      'select count(*)::int as applied from migrations',
    )) as [{ applied: number }];
    expect(applied).toBeGreaterThan(30);
  });

  test('lets runners do what the driver does, and nothing else', async () => {
    const can = (verb: string, resource: string, account = 'runner') => {
      // Of pods what is behind the slash is no name.
      const [kind = '', part] = resource.split('/');
      const what = kind === 'pods' && part !== undefined ? [kind, `--subresource=${part}`] : [resource];
      const as = `system:serviceaccount:${namespace}:${RELEASE}-seed-${account}`;
      return kubectl('auth', 'can-i', verb, ...what, '--as', as)
        .then((answer) => answer.trim())
        .catch(() => 'no');
    };
    const may = [
      ...['get', 'list', 'watch', 'create', 'delete', 'patch'].map((verb) => [verb, 'pods']),
      ...[
        ['get', 'pods/exec'],
        ['create', 'pods/exec'],
      ],
      ...[
        ['get', `configmaps/${RELEASE}-seed`],
        ['get', 'runtimeclasses/sealed'],
        ['list', 'events'],
      ],
      ['get', `networkpolicies.networking.k8s.io/seed-sandboxes-${RELEASE}-seed`],
    ];
    const mayNot = [
      ...[
        ['update', 'pods'],
        ['deletecollection', 'pods'],
        ['get', 'pods/log'],
        ['create', 'pods/attach'],
      ],
      ...[
        ['create', 'pods/portforward'],
        ['create', 'pods/ephemeralcontainers'],
        ['get', 'secrets'],
      ],
      ...[
        ['list', 'configmaps'],
        ['get', 'configmaps/other'],
        ['delete', `configmaps/${RELEASE}-seed`],
      ],
      ...[
        ['get', 'runtimeclasses/gvisor'],
        ['list', 'nodes'],
        ['create', 'serviceaccounts/token'],
      ],
      ...[
        ['delete', 'networkpolicies.networking.k8s.io'],
        ['create', 'deployments.apps'],
      ],
    ];
    const answers = await Promise.all([...may, ...mayNot].map(([verb = '', what = '']) => can(verb, what)));
    expect(Object.fromEntries([...may, ...mayNot].map((each, index) => [each.join(' '), answers[index]]))).toEqual(
      Object.fromEntries([
        ...may.map((each) => [each.join(' '), 'yes']),
        ...mayNot.map((each) => [each.join(' '), 'no']),
      ]),
    );
    expect(await can('get', 'pods', 'server')).toBe('no');
  });

  test('runs a task for helm test', async () => {
    const said = await helm([
      'test',
      RELEASE,
      '--logs',
      '--timeout',
      '3m',
      '--kubeconfig',
      kubeconfig,
      '-n',
      namespace,
    ]);
    expect(said).toMatch(/Phase:\s+Succeeded/);
    expect(said).toContain('completed');
  });

  test('is updated, servers and runners, while ten tasks run, and loses none', async () => {
    const marks = Array.from({ length: TASKS }, (_, index) => `mark-${index}`);
    // Whom the tasks write to.
    await call('/packs/crm/samples', {});
    model.goesOn = true;
    const ids = await Promise.all(
      marks.map(async (mark) => {
        const instruction = instructionOf(mark, 1);
        const { task } = await call('/tasks/run', { instruction, scopes: ['emails:write'], timeout: 600_000 });
        return (task as { id: string }).id;
      }),
    );
    const statuses = async () => {
      const tasks = await Promise.all(ids.map(async (id) => (await call(`/tasks/${id}`))['task'] as TaskEnd));
      return tasks.map(({ status, error }) => (error === null ? status : `${status}/${error.code}`));
    };
    await expect
      .poll(() => marks.filter((mark) => model.atWork.has(mark)).length, { timeout: 180_000 })
      .toBe(TASKS);
    const before = await podNames();
    const heldBefore = await holders();
    const callers = keepAsking(`${url}/api/v1/whoami`, adminKey);
    const changed = { podAnnotations: { 'example.com/version': '2' } };
    const { server, runner } = values as { server: object; runner: object };
    const more = { server: { ...server, ...changed }, runner: { ...runner, ...changed } };
    await run(['upgrade', RELEASE, CHART, '--wait', '--timeout', '8m'], more);
    // All are others now, and not one task has ended meanwhile.
    expect((await podNames()).filter((name) => before.includes(name))).toEqual([]);
    expect(await statuses()).toEqual(ids.map(() => 'running'));
    // Each has gone on under another runner.
    await expect
      .poll(async () => [...(await holders()).keys()].sort(), { timeout: 60_000 })
      .toEqual(ids.toSorted());
    const heldNow = await holders();
    expect(ids.filter((id) => heldNow.get(id) === heldBefore.get(id))).toEqual([]);
    model.goesOn = false;
    const running = async () => (await statuses()).filter((status) => /queued|running/.test(status));
    await expect.poll(running, { timeout: 180_000, interval: 1_000 }).toEqual([]);
    expect(await statuses()).toEqual(ids.map(() => 'completed'));
    // Each step was done, and once.
    const rows = await rowsOf(
      database.databaseUrl,
      `select subject from pack_crm.emails where subject like 'mark-%'`,
    );
    for (const mark of marks) {
      const steps = rows.flatMap(({ subject }) => {
        const [of, step] = String(subject).split('/');
        return of === mark ? [Number(step)] : [];
      });
      expect(steps.sort((one, two) => one - two)).toEqual(steps.map((_, index) => index + 1));
      expect(steps.length).toBeGreaterThan(0);
    }
    // Whoever asked meanwhile was answered, always.
    const { answered, refused } = await callers.stop();
    expect(refused).toEqual([]);
    expect(answered).toBeGreaterThan(10);
  });

  /** The runner that has it, by the task. */
  async function holders(): Promise<Map<string, string>> {
    const { items } = (await call('/sandboxes')) as { items?: { id: string; sandboxes: { taskId: string }[] }[] };
    return new Map(
      (items ?? []).flatMap(({ id, sandboxes }) => sandboxes.map(({ taskId }) => [taskId, id] as const)),
    );
  }

  test('leaves nothing when it is uninstalled, not even sandboxes that waited', async () => {
    const sandboxes = () => kubectl('get', 'pods', '-l', 'seed.dev/sandbox', '-o', 'name');
    await expect.poll(sandboxes, { timeout: 60_000 }).not.toBe('');
    await helm(['uninstall', RELEASE, '--wait', '--timeout', '3m', '--kubeconfig', kubeconfig, '-n', namespace]);
    const kinds =
      'pods,deployments,replicasets,jobs,services,endpointslices,configmaps,secrets,serviceaccounts,roles,rolebindings,' +
      'networkpolicies,poddisruptionbudgets,horizontalpodautoscalers,ingresses,persistentvolumeclaims';
    // Those of every namespace, and the operator's own Secret.
    const kept = ['configmap/kube-root-ca.crt', 'secret/seed-secrets', 'serviceaccount/default'];
    const left = async () => (await kubectl('get', kinds, '-o', 'name')).split('\n').filter(Boolean).sort();
    await expect.poll(left, { timeout: 60_000, interval: 1_000 }).toEqual(kept);
    const wide = await kubectl('get', 'clusterroles,clusterrolebindings', '-o', 'name');
    expect(wide).not.toContain(namespace);
  });

  /** The URL by which pods find what is on this machine; of Postgres also where that is a socket. */
  async function ledTo(text: string): Promise<string> {
    const found = new URL(text);
    const folder = found.searchParams.get('host');
    const port = Number(found.port || 5432);
    const target = folder === null ? { host: found.hostname, port } : { path: `${folder}/.s.PGSQL.${port}` };
    const leading = undo.use(await leadIn(target));
    found.search = '';
    found.hostname = NODE_ADDRESS;
    found.port = String(leading.port);
    return found.href.replace(/\/$/, '');
  }

  /** Of servers and runners that are to stay. */
  async function podNames(): Promise<string[]> {
    const part = 'app.kubernetes.io/component in (server,runner)';
    const text = await kubectl('get', 'pods', '-l', part, '-o', 'json');
    const { items } = JSON.parse(text) as { items: { metadata: { name: string; deletionTimestamp?: string } }[] };
    return items.flatMap(({ metadata }) => (metadata.deletionTimestamp ? [] : [metadata.name]));
  }
});
