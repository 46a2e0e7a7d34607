// The SandboxTemplate that mode `agent-sandbox` wants, and what is wrong with one that somebody else has made or
// changed. Pure. Used by the probe, and of each pod that a claim was given.
import { isDeepStrictEqual } from 'node:util';
import type { Limits } from '../driver.ts';
import { CLAIM_API, type Container, type PodSpec, type SandboxTemplate } from './claim.ts';
import { LABELS } from './names.ts';
import { type PodTraits, sandboxPod } from './pod-spec.ts';

/** What kubectl is to be given: the limits are those of each sandbox of its pool. */
export function sandboxTemplate(name: string, traits: PodTraits, limits: Omit<Limits, 'deadline'>) {
  const deadline = performance.now();
  const pod = sandboxPod(traits, { id: 'template', owner: '', limits: { ...limits, deadline }, start: '' });
  // Each sandbox is told its own when it is claimed.
  const { activeDeadlineSeconds: _, ...spec } = pod.spec;
  return {
    apiVersion: CLAIM_API,
    kind: 'SandboxTemplate',
    metadata: { name, labels: { [LABELS.installation]: traits.installation } },
    spec: {
      podTemplate: { metadata: { labels: { [LABELS.installation]: traits.installation } }, spec },
      // Left out it would let sandboxes into the public internet.
      networkPolicy: { ingress: [], egress: [] },
      networkPolicyManagement: 'Managed',
      envVarsInjectionPolicy: 'Disallowed',
      volumeClaimTemplatesPolicy: 'Disallowed',
      service: false,
    },
  };
}

/** In words, one each; empty: nothing is. */
export function templateProblems({ spec }: SandboxTemplate, traits: PodTraits): string[] {
  const { networkPolicy, networkPolicyManagement = 'Managed', volumeClaimTemplates = [] } = spec;
  const rules = (networkPolicy?.ingress ?? []).length + (networkPolicy?.egress ?? []).length;
  const [container] = spec.podTemplate.spec.containers;
  const [wanted] = sandboxTemplate('', traits, NO_LIMITS).spec.podTemplate.spec.containers;
  const ran = [...(container?.command ?? []), ...(container?.args ?? [])];
  return [
    networkPolicyManagement !== 'Managed' && 'networkPolicyManagement is not Managed',
    networkPolicy === undefined && 'networkPolicy is missing, which lets sandboxes into the public internet',
    rules > 0 && 'networkPolicy has rules: set {ingress: [], egress: []}',
    volumeClaimTemplates.length > 0 && 'it has volumeClaimTemplates',
    container?.image !== traits.image && `its image is ${container?.image}, not SEED_KUBERNETES_IMAGE`,
    !isDeepStrictEqual(ran, wanted?.command) && 'its command is not that of the guest',
    ...podProblems(spec.podTemplate.spec, traits),
  ].filter((problem) => problem !== false);
}

const NO_LIMITS: Omit<Limits, 'deadline'> = { vcpus: 1, memoryBytes: 0, diskBytes: 0, processes: 0 };

type Sizes = Pick<Limits, 'vcpus' | 'memoryBytes'>;

/**
 * The same of a pod, as far as clusters leave pods as they were described. @param sizes what the sandbox is to
 * have: a pool's are all alike, and neither less nor more is what was asked for
 */
export function podProblems(spec: PodSpec, traits: Pick<PodTraits, 'runtimeClass'>, sizes?: Sizes): string[] {
  const { containers, volumes = [], securityContext = {} } = spec;
  const [container] = containers;
  const shared = (['hostIPC', 'hostNetwork', 'hostPID', 'shareProcessNamespace'] as const).filter(
    (field) => spec[field] === true,
  );
  const foreign = volumes.filter(({ emptyDir }) => emptyDir === undefined).map(({ name }) => name);
  const wanted = traits.runtimeClass;
  return [
    containers.length !== 1 && `it has ${containers.length} containers`,
    (spec.initContainers ?? []).length > 0 && 'it has initContainers',
    spec.automountServiceAccountToken !== false && 'automountServiceAccountToken is not false',
    spec.enableServiceLinks !== false && 'enableServiceLinks is not false',
    spec.restartPolicy !== 'Never' && 'restartPolicy is not Never',
    spec.dnsPolicy !== 'None' && 'dnsPolicy is not None',
    (spec.runtimeClassName ?? null) !== wanted && `runtimeClassName is not ${wanted ?? 'unset'}`,
    shared.length > 0 && `${shared.join(', ')} is true`,
    foreign.length > 0 && `it has volumes that are no emptyDir: ${foreign.join(', ')}`,
    securityContext.runAsNonRoot !== true && 'runAsNonRoot is not true',
    securityContext.seccompProfile?.type !== 'RuntimeDefault' && 'seccompProfile is not RuntimeDefault',
    ...(container ? containerProblems(container) : []),
    ...(container && sizes ? sizeProblems(container, sizes) : []),
  ].filter((problem) => problem !== false);
}

/** What each sandbox of a pool with this template has. */
export function sizesOf({ spec }: SandboxTemplate): Sizes {
  const { cpu, memory } = spec.podTemplate.spec.containers[0]?.resources?.limits ?? {};
  return { vcpus: quantity(cpu) ?? 0, memoryBytes: quantity(memory) ?? 0 };
}

function sizeProblems({ resources }: Container, { vcpus, memoryBytes }: Sizes) {
  const { cpu, memory } = resources?.limits ?? {};
  const wanted = `${Math.round(vcpus * 1000)}m`;
  return [
    quantity(cpu) !== quantity(wanted) && `it has ${cpu} of cpu, and the sandbox is to have ${wanted}`,
    quantity(memory) !== memoryBytes && `it has ${memory} of memory, and the sandbox is to have ${memoryBytes}`,
  ];
}

const UNITS: Record<string, number> = {
  ...{ m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 },
};

/** A resource's quantity as the API writes it, such as 500m or 1Gi; null for what is none. */
export function quantity(text: string | undefined): number | null {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text ?? '') ?? [];
  if (digits === undefined) return null;
  // In thousandths, which are whole.
  return Math.round(Number(digits) * (UNITS[unit] ?? 1) * 1000) / 1000;
}

function containerProblems({ name, env = [], envFrom = [], resources, securityContext = {} }: Container) {
  const { capabilities = {}, allowPrivilegeEscalation, privileged, readOnlyRootFilesystem } = securityContext;
  const limits = resources?.limits ?? {};
  const drops = capabilities.drop ?? [];
  return [
    name !== 'guest' && `its container is "${name}", not "guest"`,
    env.length + envFrom.length > 0 && 'it has an environment',
    allowPrivilegeEscalation !== false && 'allowPrivilegeEscalation is not false',
    privileged === true && 'it is privileged',
    readOnlyRootFilesystem !== true && 'readOnlyRootFilesystem is not true',
    (!drops.includes('ALL') || (capabilities.add ?? []).length > 0) && 'it has capabilities',
    (limits['cpu'] === undefined || limits['memory'] === undefined) && 'it has no limits of cpu and memory',
  ];
}
