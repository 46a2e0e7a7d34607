// What the chart makes of values, as Helm renders it: what it refuses, what pods may do, who may reach whom.
import { describe, expect, test } from 'vitest';
import { CHART, HELM, helm, type Manifest, NO_HELM, render } from '../test/fixtures/helm.ts';

if (HELM === null) console.log(NO_HELM);

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const ENOUGH = {
  secrets: { name: 'seed-secrets' },
  sandboxes: { image: 'seed-sandbox:1', runtimeClass: 'gvisor' },
  files: { s3: { endpoint: 'https://s3.example.com', bucket: 'seed' } },
};
const EVERYTHING = {
  ...ENOUGH,
  secrets: { name: 'seed-secrets', refs: { DATABASE_URL: { name: 'postgres-app', key: 'uri' } } },
  image: { repository: 'registry.example.com/seed', digest: DIGEST },
  imagePullSecrets: [{ name: 'registry' }],
  commonLabels: { team: 'platform' },
  database: { directUrl: true },
  ingress: { enabled: true, className: 'nginx', hosts: ['seed.example.com'] },
  gateway: { enabled: true, parentRefs: [{ name: 'public' }] },
  metrics: { enabled: true, serviceMonitor: { enabled: true }, dashboard: { enabled: true } },
  server: {
    nodeSelector: { pool: 'a' },
    tolerations: [{ key: 'dedicated', operator: 'Exists' }],
    extraEnv: [{ name: 'SEED_RULE_OF_TWO', value: 'ask' }],
    envFrom: [{ secretRef: { name: 'packs' } }],
    extraVolumes: [{ name: 'packs', configMap: { name: 'packs' } }],
    extraVolumeMounts: [{ name: 'packs', mountPath: '/packs' }],
  },
  runner: { nodeSelector: { pool: 'b' }, extraEnv: [{ name: 'KUBECONFIG', value: '/config' }] },
};

const find = (objects: Manifest[], kind: string, name: RegExp | string = /./) => {
  const found = objects.filter((object) => object.kind === kind && new RegExp(name).test(object.metadata.name));
  expect(found, `${kind} ${name}`).toHaveLength(1);
  return found[0];
};
const podOf = (object: Manifest) => (object.kind === 'Pod' ? object : object.spec.template);
const containerOf = (object: Manifest) => podOf(object).spec.containers[0];
const variable = (object: Manifest, name: string) =>
  containerOf(object).env.find((each: Manifest) => each.name === name);
const variables = (object: Manifest) => containerOf(object).env.map(({ name }: Manifest) => name);

describe.skipIf(HELM === null)('the chart', { timeout: 60_000 }, () => {
  test('passes helm lint', async () => {
    expect(await helm(['lint', CHART, '--strict'], { input: ENOUGH })).toContain('0 chart(s) failed');
  });

  test.each([
    ['no Secret', { secrets: { name: '' } }, 'kubectl create secret generic seed-secrets --namespace seed'],
    ['no sandbox image', { sandboxes: { runtimeClass: 'gvisor' } }, '--set sandboxes.image='],
    ['no RuntimeClass', { sandboxes: { image: 'a:1' } }, 'kubectl get runtimeclasses'],
    ['no pool', { sandboxes: { ...ENOUGH.sandboxes, mode: 'agent-sandbox' } }, 'sandboxes.warmPool is not set'],
    ['no S3', { files: {} }, 'files.s3.endpoint and files.s3.bucket are not set'],
    ['no claim', { files: { store: 'claim' } }, 'files.claim is not set'],
    ['several servers, one disk', { files: { store: 'ephemeral' } }, 'server.replicas=1'],
    ['no upstream', { model: { upstream: 'compatible' } }, 'model.baseUrl is not set'],
    ['no host', { ingress: { enabled: true } }, '--set ingress.hosts[0]='],
    ['no Gateway', { gateway: { enabled: true } }, '--set gateway.parentRefs[0].name='],
    ['metrics for nobody', { metrics: { serviceMonitor: { enabled: true } } }, '--set metrics.enabled=true'],
    ['a slip', { server: { replica: 3 } }, "additional properties 'replica' not allowed"],
    ['a tag as digest', { image: { digest: 'latest' } }, "'/image/digest'"],
    ['an unquoted variable', { server: { extraEnv: [{ name: 'A', value: 1 }] } }, 'got number, want string'],
    ['an unknown secret', { secrets: { name: 'a', refs: { PASSWORD: { name: 'b' } } } }, "'PASSWORD'"],
  ])('refuses %s, and says what to do', async (_, values, words) => {
    await expect(render({ ...ENOUGH, ...values })).rejects.toThrow(words);
  });

  test('names in the command that makes the Secret all that these values need, and nothing else', async () => {
    const asked = async (values: object) => {
      const said = await render({ ...ENOUGH, secrets: { name: '' }, ...values }).catch(
        (error: Error) => error.message,
      );
      const command = String(said).slice(String(said).indexOf('kubectl create secret'));
      return [...command.matchAll(/--from-literal=([A-Z0-9_]+)=/g)].map(([, name]) => name);
    };
    const always = ['DATABASE_URL', 'SEED_RUNNER_TOKEN', 'SEED_SECRETS_KEY', 'SEED_ADMIN_KEY'];
    const s3 = ['SEED_S3_ACCESS_KEY_ID', 'SEED_S3_SECRET_ACCESS_KEY'];
    expect(await asked({})).toEqual([...always, 'OPENROUTER_API_KEY', ...s3]);
    expect(await asked({ model: { upstream: 'scripted' }, files: { store: 'claim', claim: 'a' } })).toEqual(
      always,
    );
    expect(await asked({ database: { directUrl: true }, metrics: { enabled: true } })).toEqual([
      ...['DATABASE_URL', 'SEED_DATABASE_DIRECT_URL', ...always.slice(1), 'OPENROUTER_API_KEY', ...s3],
      'SEED_METRICS_TOKEN',
    ]);
    expect(await asked({ secrets: { refs: { DATABASE_URL: { name: 'postgres-app', key: 'uri' } } } })).toEqual([
      ...[...always.slice(1), 'OPENROUTER_API_KEY', ...s3],
    ]);
  });

  test('gives secrets by reference, and each process only its own', async () => {
    const objects = await render(EVERYTHING);
    const server = find(objects, 'Deployment', 'server');
    expect(variable(server, 'DATABASE_URL').valueFrom.secretKeyRef).toEqual({ name: 'postgres-app', key: 'uri' });
    expect(variable(server, 'SEED_SECRETS_KEY').valueFrom.secretKeyRef).toEqual({
      name: 'seed-secrets',
      key: 'SEED_SECRETS_KEY',
    });
    const secrets = (object: Manifest) =>
      containerOf(object).env.flatMap(({ name, valueFrom }: Manifest) => (valueFrom?.secretKeyRef ? [name] : []));
    expect(secrets(find(objects, 'Deployment', 'runner'))).toEqual(['SEED_RUNNER_TOKEN']);
    expect(secrets(find(objects, 'Job'))).toEqual(['DATABASE_URL', 'SEED_DATABASE_DIRECT_URL']);
    expect(secrets(find(objects, 'Pod'))).toEqual(['SEED_API_KEY']);
    expect(variable(server, 'SEED_RULE_OF_TWO').value).toBe('ask');
    expect(containerOf(find(objects, 'Job')).envFrom).toEqual([{ secretRef: { name: 'packs' } }]);
  });

  test.each([
    ['little', ENOUGH],
    ['everything', EVERYTHING],
    ['agent-sandbox', { ...ENOUGH, sandboxes: { ...ENOUGH.sandboxes, mode: 'agent-sandbox', warmPool: 'pool' } }],
  ])('keeps every pod within the Pod Security Standard restricted, with %s', async (_, values) => {
    const withPods = (await render(values)).filter(({ kind }) => ['Deployment', 'Job', 'Pod'].includes(kind));
    expect(withPods.map(({ kind }) => kind).sort()).toEqual(['Deployment', 'Deployment', 'Job', 'Pod']);
    for (const object of withPods) {
      const { spec } = podOf(object);
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(spec.hostNetwork ?? spec.hostPID ?? spec.hostIPC).toBeUndefined();
      expect(spec.enableServiceLinks).toBe(false);
      // Only runners speak to the Kubernetes API.
      expect(spec.automountServiceAccountToken).toBe(object.metadata.name.endsWith('-runner'));
      expect(spec.volumes.some((volume: Manifest) => volume.hostPath)).toBe(false);
      for (const container of spec.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources.limits.memory).toBeDefined();
      }
    }
  });

  test('takes images by digest, with credentials for their registry', async () => {
    for (const object of await render(EVERYTHING)) {
      if (!['Deployment', 'Job', 'Pod'].includes(object.kind)) continue;
      expect(containerOf(object).image).toBe(`registry.example.com/seed@${DIGEST}`);
      expect(podOf(object).spec.imagePullSecrets).toEqual([{ name: 'registry' }]);
    }
    const [plain] = (await render(ENOUGH)).filter(({ kind }) => kind === 'Job');
    expect(containerOf(plain).image).toMatch(/^seed:\d+\.\d+\.\d+/);
  });

  test('replaces servers without a gap, and gives them the time that they take', async () => {
    const objects = await render(EVERYTHING);
    const server = find(objects, 'Deployment', 'server');
    expect(server.spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    expect(server.spec.replicas).toBeUndefined();
    const { spec } = podOf(server);
    const { startupProbe, livenessProbe, readinessProbe, lifecycle } = containerOf(server);
    // docs/running.md: 35 seconds to finish what has begun; ten minutes of waiting for migrations.
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(lifecycle.preStop.sleep.seconds + 40);
    expect(startupProbe.periodSeconds * startupProbe.failureThreshold).toBeGreaterThan(600);
    expect(server.spec.progressDeadlineSeconds).toBeGreaterThan(600);
    expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual([
      ...['/healthz', '/healthz', '/readyz'],
    ]);
    // A machine that stands still for half a minute is no reason to end a server.
    expect(livenessProbe.periodSeconds * livenessProbe.failureThreshold).toBeGreaterThan(30);
    // A runner hands over what it has at work, and needs 20 seconds (docs/containers.md) besides.
    const runner = containerOf(find(objects, 'Deployment', 'runner'));
    const graceSeconds = podOf(find(objects, 'Deployment', 'runner')).spec.terminationGracePeriodSeconds;
    const drain = runner.env.find(({ name }: { name: string }) => name === 'SEED_DRAIN_SECONDS');
    expect(graceSeconds).toBeLessThanOrEqual(60);
    expect(graceSeconds - Number(drain.value)).toBeGreaterThan(20);
    // Standing still for a minute is one's own affair: the file is that old before the first probe fails.
    const alive = runner.livenessProbe;
    expect(alive.exec.command).toEqual(['/usr/bin/node', '/usr/share/seed/healthcheck.mjs']);
    expect(alive.periodSeconds * alive.failureThreshold).toBeGreaterThan(30);
    expect(runner.readinessProbe.exec.command.at(-1)).toBe('test -e /data/runner.ready');
    expect(find(objects, 'HorizontalPodAutoscaler').spec).toMatchObject({ minReplicas: 2 });
    for (const part of ['server', 'runner']) {
      const deployment = find(objects, 'Deployment', part);
      const { matchLabels } = deployment.spec.selector;
      expect(podOf(deployment).metadata.labels).toMatchObject(matchLabels);
      expect(find(objects, 'PodDisruptionBudget', part).spec.selector.matchLabels).toEqual(matchLabels);
      const [apart] =
        podOf(deployment).spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
      expect(apart.podAffinityTerm.labelSelector.matchLabels).toEqual(matchLabels);
    }
    const fixed = await render({ ...ENOUGH, server: { replicas: 3, autoscaling: { enabled: false } } });
    expect(find(fixed, 'Deployment', 'server').spec.replicas).toBe(3);
    expect(fixed.some(({ kind }) => kind === 'HorizontalPodAutoscaler')).toBe(false);
  });

  test('migrates by a job of its own for each content, which new servers wait for', async () => {
    const nameOf = async (values: object) => {
      const objects = await render(values);
      expect(variable(find(objects, 'Deployment', 'server'), 'SEED_MIGRATIONS').value).toBe('wait');
      const job = find(objects, 'Job');
      expect(containerOf(job).args).toEqual(['migrate']);
      // The chart's service accounts may not be there yet.
      expect(podOf(job).spec.serviceAccountName).toBeUndefined();
      return { name: job.metadata.name, annotations: job.metadata.annotations };
    };
    const [first, again, other] = await Promise.all(
      [ENOUGH, ENOUGH, { ...ENOUGH, image: { tag: '9.9.9' } }].map(nameOf),
    );
    expect(first).toEqual(again);
    expect(first?.annotations).toBeUndefined();
    expect(other?.name).not.toBe(first?.name);
    const hook = await nameOf({ ...ENOUGH, migrations: { as: 'hook' } });
    expect(hook.annotations).toMatchObject({
      'helm.sh/hook': 'pre-install,pre-upgrade',
      'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
    });
  });

  test('tells runners how sandboxes are made, and lets them do that and nothing else', async () => {
    const objects = await render({ ...ENOUGH, sandboxes: { ...ENOUGH.sandboxes, namespace: 'tasks' } });
    const runner = find(objects, 'Deployment', 'runner');
    const owner = find(objects, 'ConfigMap');
    expect(owner.metadata.namespace).toBe('tasks');
    expect(variable(runner, 'SEED_KUBERNETES_OWNER').value).toBe(owner.metadata.name);
    expect(variable(runner, 'SEED_KUBERNETES_NAMESPACE').value).toBe('tasks');
    expect(variable(runner, 'SEED_KUBERNETES_RUNTIME_CLASS').value).toBe('gvisor');
    expect(variable(runner, 'SEED_SERVER_URL').value).toBe('http://trial-seed-server.seed.svc:3210');
    const role = find(objects, 'Role');
    expect(role.metadata.namespace).toBe('tasks');
    const verbs = Object.fromEntries(
      role.rules.map(({ resources, verbs: each }: Manifest) => [resources.join(), each.join()]),
    );
    expect(verbs['pods/exec']).toBe('get,create');
    expect(JSON.stringify(role.rules)).not.toMatch(
      /\*|secrets|update|deletecollection|pods\/(attach|log|portforward)/,
    );
    expect(find(objects, 'ClusterRole').rules).toEqual([
      { apiGroups: ['node.k8s.io'], resources: ['runtimeclasses'], resourceNames: ['gvisor'], verbs: ['get'] },
    ]);
    for (const kind of ['RoleBinding', 'ClusterRoleBinding']) {
      expect(find(objects, kind).subjects).toEqual([
        { kind: 'ServiceAccount', name: podOf(runner).spec.serviceAccountName, namespace: 'seed' },
      ]);
    }
    const plain = await render({ ...ENOUGH, sandboxes: { ...ENOUGH.sandboxes, runtimeClass: 'none' } });
    expect(plain.some(({ kind }) => kind.startsWith('ClusterRole'))).toBe(false);
  });

  test('lets sandboxes reach nothing, runners the servers and the API, and nobody else the servers', async () => {
    const objects = await render(EVERYTHING);
    const deny = find(objects, 'NetworkPolicy', 'sandboxes').spec;
    expect(deny.policyTypes).toEqual(['Ingress', 'Egress']);
    // Runners take no other: src/drivers/kubernetes/network-policy.ts.
    expect(deny.podSelector).toEqual({
      matchLabels: { 'seed.dev/installation': 'trial-seed' },
      matchExpressions: [{ key: 'seed.dev/sandbox', operator: 'Exists' }],
    });
    expect([deny.ingress, deny.egress]).toEqual([undefined, undefined]);
    const runner = find(objects, 'NetworkPolicy', 'runner').spec;
    expect(runner.ingress).toBeUndefined();
    expect(runner.egress.map(({ ports }: Manifest) => ports.map(({ port }: Manifest) => port))).toEqual([
      ...[[53, 53], [3210], [443, 6443]],
    ]);
    const server = find(objects, 'NetworkPolicy', 'server').spec;
    const labels = podOf(find(objects, 'Deployment', 'server')).metadata.labels;
    expect(labels).toMatchObject(server.podSelector.matchLabels);
    expect(labels).toMatchObject(runner.egress[1].to[0].podSelector.matchLabels);
    const namespaces = server.ingress[0].from.flatMap(({ namespaceSelector }: Manifest) =>
      namespaceSelector ? Object.values(namespaceSelector.matchLabels) : [],
    );
    expect(namespaces).toEqual(['ingress-nginx', 'monitoring']);
    const without = await render({ ...ENOUGH, networkPolicy: { enabled: false } });
    // The sandboxes' is no matter of choice.
    expect(without.filter(({ kind }) => kind === 'NetworkPolicy').map(({ metadata }) => metadata.name)).toEqual([
      'seed-sandboxes-trial-seed',
    ]);
  });

  test('lets long streams through', async () => {
    const objects = await render(EVERYTHING);
    const { annotations } = find(objects, 'Ingress').metadata;
    expect(annotations['nginx.ingress.kubernetes.io/proxy-buffering']).toBe('off');
    expect(Number(annotations['nginx.ingress.kubernetes.io/proxy-read-timeout'])).toBeGreaterThan(60);
    const [rule] = find(objects, 'HTTPRoute').spec.rules;
    expect(rule.timeouts).toEqual({ request: '0s', backendRequest: '0s' });
    expect(rule.backendRefs).toEqual([{ name: find(objects, 'Service').metadata.name, port: 3210 }]);
  });

  test('leads what is below a path to servers that know of it', async () => {
    const { ingress, gateway } = EVERYTHING;
    const objects = await render({ ...ENOUGH, ingress, gateway, basePath: '/seed' });
    expect(variable(find(objects, 'Deployment', 'server'), 'SEED_BASE_PATH').value).toBe('/seed');
    expect(find(objects, 'Ingress').spec.rules[0].http.paths[0].path).toBe('/seed');
    expect(find(objects, 'HTTPRoute').spec.rules[0].matches[0].path.value).toBe('/seed');
    await expect(render({ ...ENOUGH, basePath: 'seed' })).rejects.toThrow("'/basePath'");
  });

  test('hands files of several servers to a store that they share', async () => {
    const s3 = find(await render(ENOUGH), 'Deployment', 'server');
    expect(variable(s3, 'SEED_S3_BUCKET').value).toBe('seed');
    const claim = find(
      await render({ ...ENOUGH, files: { store: 'claim', claim: 'shared' } }),
      'Deployment',
      'server',
    );
    expect(variables(claim).filter((name: string) => name.startsWith('SEED_S3'))).toEqual([]);
    expect(podOf(claim).spec.volumes).toContainEqual({
      name: 'artifacts',
      persistentVolumeClaim: { claimName: 'shared' },
    });
  });

  test('has metrics read by whoever has their token, and a dashboard that Grafana can read', async () => {
    const objects = await render(EVERYTHING);
    const monitor = find(objects, 'ServiceMonitor').spec;
    const service = find(objects, 'Service');
    expect(service.metadata.labels).toMatchObject(monitor.selector.matchLabels);
    expect(monitor.endpoints[0]).toMatchObject({
      port: service.spec.ports[0].name,
      authorization: { credentials: { name: 'seed-secrets', key: 'SEED_METRICS_TOKEN' } },
    });
    const dashboard = find(objects, 'ConfigMap', 'dashboard');
    expect(dashboard.metadata.labels.grafana_dashboard).toBe('1');
    expect(JSON.parse(dashboard.data['seed.json']).panels.length).toBeGreaterThan(20);
    expect((await render(ENOUGH)).some(({ kind }) => kind === 'ServiceMonitor')).toBe(false);
  });

  test('keeps names short enough, and two releases of a namespace apart', async () => {
    const long = await render(ENOUGH, 'a-release-whose-name-is-as-long-as-helm-allows-it-53c');
    for (const { metadata } of long) expect(metadata.name.length).toBeLessThanOrEqual(63);
    const names = async (release: string) =>
      (await render(ENOUGH, release)).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    const [one, two] = await Promise.all([names('one'), names('two')]);
    expect(one.filter((name) => two.includes(name))).toEqual([]);
  });
});
