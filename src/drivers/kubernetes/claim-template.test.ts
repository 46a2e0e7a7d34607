import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { DEFAULT_RESOURCES } from '../../protocol/resources.ts';
import type { PodSpec, SandboxTemplate } from './claim.ts';
import { podProblems, quantity, sandboxTemplate, sizesOf, templateProblems } from './claim-template.ts';
import { LISTENING_GUEST } from './listening-guest.ts';

const MIB = 1024 * 1024;
const { vcpus, memoryMb, diskMb, processes } = DEFAULT_RESOURCES;
const limits = { vcpus, memoryBytes: memoryMb * MIB, diskBytes: diskMb * MIB, processes };
const traits = {
  image: 'registry.example.com/seed-sandbox:1',
  command: LISTENING_GUEST,
  runtimeClass: 'sealed',
  pullSecret: null,
  cpuOvercommit: 1,
  installation: 'seed',
  ownerReference: null,
};
const template = sandboxTemplate('seed', traits, limits);
const asRead = JSON.parse(JSON.stringify(template)) as SandboxTemplate;

it('is the file that is shipped', async () => {
  const text = await readFile(new URL('../../../deploy/agent-sandbox/pool.yaml', import.meta.url), 'utf8');
  const [shipped, pool] = parseAllDocuments(text).map((document) => document.toJS());
  expect(shipped).toEqual(JSON.parse(JSON.stringify(template)));
  expect(pool).toMatchObject({ kind: 'SandboxWarmPool', spec: { sandboxTemplateRef: { name: 'seed' } } });
});

it('has no fault of its own', () => {
  expect(templateProblems(asRead, traits)).toEqual([]);
  expect(sizesOf(asRead)).toEqual({ vcpus, memoryBytes: memoryMb * MIB });
  const spec = template.spec.podTemplate.spec as unknown as PodSpec;
  expect(podProblems(spec, traits, limits)).toEqual([]);
  expect(podProblems(spec, traits, { ...limits, vcpus: vcpus + 1 })).toEqual([expect.stringContaining('of cpu')]);
  expect(podProblems(spec, traits, { ...limits, memoryBytes: 1 })).toEqual([expect.stringContaining('of memory')]);
});

it.each([
  ['another image', { containers: [{ image: 'other' }] }, 'image'],
  ['another command', { containers: [{ command: ['/bin/sh'] }] }, 'command'],
  ['arguments', { containers: [{ args: ['x'] }] }, 'command'],
  ['privileges', { containers: [{ securityContext: { privileged: true } }] }, 'privileged'],
  ['a writable root', { containers: [{ securityContext: { readOnlyRootFilesystem: false } }] }, 'readOnly'],
  ['a capability', { containers: [{ securityContext: { capabilities: { add: ['NET_RAW'] } } }] }, 'capabilities'],
  ['an environment', { containers: [{ envFrom: [{}] }] }, 'environment'],
  ['two containers', { containers: [{}, {}] }, '2 containers'],
  ['another container', { initContainers: [{}] }, 'initContainers'],
  ['its node’s processes', { hostPID: true }, 'hostPID'],
  ['a secret', { volumes: [{ name: 's', secret: {} }] }, 'emptyDir: s'],
  ['the cluster’s names', { dnsPolicy: 'ClusterFirst' }, 'dnsPolicy'],
  ['a second life', { restartPolicy: 'Always' }, 'restartPolicy'],
  ['no runtime of its own', { runtimeClassName: undefined }, 'runtimeClassName'],
])('does with %s no more', (_, change, word) => {
  const spec = structuredClone(asRead.spec.podTemplate.spec) as PodSpec;
  const { containers = [{}], ...others } = change as Partial<PodSpec>;
  const changed = containers.map((container) => ({ ...spec.containers[0], ...container }));
  const podTemplate = { spec: { ...spec, ...others, containers: changed } as PodSpec };
  const problems = templateProblems({ ...asRead, spec: { ...asRead.spec, podTemplate } }, traits);
  expect(problems.join('; ')).toContain(word);
});

it('reads quantities as the API writes them', () => {
  const read = ['500m', '2', '0.5', '134217728', '128Mi', '1Gi', '1500m', '1e3', '', undefined].map(quantity);
  expect(read).toEqual([0.5, 2, 0.5, 134217728, 134217728, 1073741824, 1.5, null, null, null]);
});
