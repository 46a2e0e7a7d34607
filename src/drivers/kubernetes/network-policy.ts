// The network policy that denies sandboxes everything both ways: made where it is missing, and never taken for
// proof, since not every network enforces policies. Used by the probe.
import { isDeepStrictEqual } from 'node:util';
import { SeedError } from '../../protocol/errors.ts';
import type { KubeClient } from './client.ts';
import { LABELS } from './names.ts';
import type { KubeObject } from './object.ts';
import type { OwnerReference } from './pod-spec.ts';

interface Policy extends KubeObject {
  spec: {
    podSelector?: object;
    policyTypes?: string[];
    ingress?: unknown[];
    egress?: unknown[];
  };
}

export interface PolicyOf {
  installation: string;
  ownerReference: OwnerReference | null;
}

/** @throws SeedError not_allowed when it is missing and may not be made, conflict when it allows something */
export async function ensurePolicy(client: KubeClient, { installation, ownerReference }: PolicyOf): Promise<void> {
  const path = `/apis/networking.k8s.io/v1/namespaces/${client.namespace}/networkpolicies`;
  const policy = denyAll(installation, ownerReference);
  const { name } = policy.metadata;
  const there = await client.get<Policy>(`${path}/${name}`).catch((error: SeedError) => {
    if (error.code === 'not_found') return null;
    throw error;
  });
  if (there === null) {
    await client.create(path, policy).catch((error: SeedError) => {
      // Another runner has made it meanwhile.
      if (error.code !== 'conflict') throw error;
    });
    return;
  }
  if (deniesAll(there, policy.spec.podSelector)) return;
  throw new SeedError(
    'conflict',
    `The network policy ${name} in ${client.namespace} does not deny sandboxes all.`,
    {
      hint: 'Delete it: Seed makes it anew.',
    },
  );
}

function deniesAll({ spec }: Policy, podSelector: object): boolean {
  const { ingress = [], egress = [], policyTypes = [] } = spec;
  const isBoth = ['Ingress', 'Egress'].every((type) => policyTypes.includes(type));
  return isBoth && ingress.length + egress.length === 0 && isDeepStrictEqual(spec.podSelector, podSelector);
}

/** No rules, and so nothing that is allowed. */
function denyAll(installation: string, ownerReference: OwnerReference | null) {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: `seed-sandboxes-${installation}`,
      labels: { [LABELS.installation]: installation, 'app.kubernetes.io/managed-by': 'seed' },
      ...(ownerReference && { ownerReferences: [ownerReference] }),
    },
    spec: {
      podSelector: {
        matchLabels: { [LABELS.installation]: installation },
        matchExpressions: [{ key: LABELS.sandbox, operator: 'Exists' }],
      },
      policyTypes: ['Ingress', 'Egress'],
    },
  };
}
