// Mode `agent-sandbox`: a sandbox is a claim, named as its pod would be in mode `pods`, and the one pod that it was
// given first. The controller makes a pod anew, under its name, when it is deleted, and the claim goes on saying
// that it is ready: so the pod's UID is written down, and no other counts. Used by claims-driver.ts.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { dateOfMoment } from '../../lib/clock.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Limits, SandboxId } from '../driver.ts';
import { patient } from '../patience.ts';
import { CLAIM_API, CLAIM_UID_LABEL, claimsPath, type PodSpec, type SandboxClaim } from './claim.ts';
import { podProblems } from './claim-template.ts';
import type { KubeClient } from './client.ts';
import { createOnce } from './create-once.ts';
import { ANNOTATIONS, LABELS, podName, sandboxesOf } from './names.ts';
import { orNull, type PodPlaces } from './places.ts';
import type { Pod } from './pod.ts';
import type { PodChanges } from './pod-changes.ts';
import type { PodTraits } from './pod-spec.ts';
import { isRunning, startProblem } from './pod-status.ts';
import type { ServerClock } from './server-clock.ts';

const GIVEN_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 1_000;
const AGAIN_MS = 300;
/** The pod's own deadline comes first; the claim's removes what is left, should nobody else. */
const AFTER_DEADLINE_MS = 5_000;
const UNKNOWN_CLOCK_MS = 3_600_000;
/** `<name>/<UID>` of the claim's pod. */
const POD_ANNOTATION = 'seed.dev/pod';
/** Why a claim will never have a pod; the controller's other reasons may pass. */
const NEVER = [
  'TemplateNotFound',
  'WarmPoolNotFound',
  'InvalidMetadata',
  'EnvVarsInjectionRejected',
  'VolumeClaimTemplatesError',
];

export interface Claims extends PodPlaces {
  /** The pod of a new claim, which runs, and is this sandbox's. @throws SeedError, leaving no claim */
  open(id: SandboxId, owner: string, limits: Limits): Promise<Pod>;
  /** Resolves when neither claim nor pod of it is left. @throws SeedError */
  discard(id: SandboxId): Promise<void>;
  /** The claim ends soon after the moment, whoever else is alive. */
  endAfter(id: SandboxId, deadline: number): Promise<void>;
  adopt(id: SandboxId, owner: string): Promise<void>;
  /** Also those that have no pod yet. */
  list(owner?: string): Promise<{ id: SandboxId; owner: string }[]>;
}

export interface ClaimParts {
  client: KubeClient;
  clock: ServerClock;
  changes: PodChanges;
  traits: PodTraits;
  warmPool: string;
}

export function createClaims({ client, clock, changes, traits, warmPool }: ClaimParts): Claims {
  const path = claimsPath(client.namespace);
  const at = (id: SandboxId) => `${path}/${podName(id)}`;

  async function claimOf(id: SandboxId): Promise<SandboxClaim | null> {
    const claim = await orNull(client.get<SandboxClaim>(at(id)));
    return claim?.metadata.labels?.[LABELS.sandbox] === id ? claim : null;
  }

  const podsOf = ({ metadata: { uid } }: SandboxClaim) =>
    client.list<Pod>('pods', { labelSelector: `${CLAIM_UID_LABEL}=${uid}` });

  /** The first pod of the claim that runs. */
  async function given(claim: SandboxClaim): Promise<Pod> {
    const over = new AbortController();
    const late = setTimeout(() => over.abort(), patient(GIVEN_WITHIN_MS));
    const looking = refusedClaim(claim, over);
    try {
      const labelSelector = `${CLAIM_UID_LABEL}=${claim.metadata.uid}`;
      for await (const { type, object: pod } of client.watch<Pod>('pods', { labelSelector }, over.signal)) {
        if (type === 'DELETED' || pod.metadata.deletionTimestamp) continue;
        if (isRunning(pod)) return pod;
        const problem = startProblem(pod);
        if (problem?.never) throw failed(pod.metadata.name, problem.text);
      }
    } finally {
      clearTimeout(late);
      over.abort();
    }
    const refused = await looking;
    const text = refused ?? `no pod of the pool ${warmPool} runs for it`;
    throw new SeedError(refused === null ? 'unavailable' : 'sandbox_failed', `The claim is not served: ${text}`);
  }

  /** Why the claim will never be served, which ends the waiting; null when that is over otherwise. */
  async function refusedClaim(claim: SandboxClaim, over: AbortController): Promise<string | null> {
    while (!over.signal.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return null;
      const now = await client.get<SandboxClaim>(`${path}/${claim.metadata.name}`).catch(() => null);
      const ready = now?.status?.conditions?.find(({ type }) => type === 'Ready');
      if (!ready?.reason || !NEVER.includes(ready.reason)) continue;
      over.abort();
      return [ready.reason, ready.message].filter(Boolean).join(': ');
    }
    return null;
  }

  const failed = (name: string, why: string) =>
    new SeedError('sandbox_failed', `The pod ${name} of the pool ${warmPool} is not usable: ${why}`);

  /** Writes down whose it is, in the pod and in the claim, and gives it its deadline. */
  async function pin(id: SandboxId, owner: string, { pod, limits }: { pod: Pod; limits: Limits }): Promise<Pod> {
    const { name, uid } = pod.metadata;
    const labels = { [LABELS.sandbox]: id, [LABELS.runner]: owner, [LABELS.installation]: traits.installation };
    const activeDeadlineSeconds = changes.secondsTo({ pod, createdAt: null }, limits.deadline);
    await client.patch(at(id), { metadata: { annotations: { [POD_ANNOTATION]: `${name}/${uid}` } } }, 'merge');
    await changes.patch({ id, name, uid }, { metadata: { labels }, spec: { activeDeadlineSeconds } });
    const changed = { ...pod.metadata, labels: { ...pod.metadata.labels, ...labels } };
    return { ...pod, metadata: changed, spec: { ...pod.spec, activeDeadlineSeconds } };
  }

  /** While nothing of the cluster's time is known, rather too late than in the middle of the work. */
  function lifecycle(deadline: number) {
    const at = clock.latest(deadline) ?? dateOfMoment(deadline).getTime() + UNKNOWN_CLOCK_MS;
    return { shutdownTime: new Date(at + AFTER_DEADLINE_MS).toISOString(), shutdownPolicy: 'Delete' };
  }

  const claims: Claims = {
    async open(id, owner, limits) {
      const knewTime = clock.latest(limits.deadline) !== null;
      const spec = { warmPoolRef: { name: warmPool }, lifecycle: lifecycle(limits.deadline) };
      const body = claimBody(traits, { id, owner, limits, spec });
      const made = await createOnce<SandboxClaim>(client, clock, { path, body, what: `a sandbox ${id}` });
      try {
        if (!knewTime) await claims.endAfter(id, limits.deadline);
        const pod = await given(made);
        const problems = podProblems(pod.spec as PodSpec, traits);
        if (problems.length > 0) throw failed(pod.metadata.name, problems.join('; '));
        return await pin(id, owner, { pod, limits });
      } catch (error) {
        await claims.discard(id);
        throw error;
      }
    },
    async find(id) {
      const claim = await claimOf(id);
      const [name, uid] = claim?.metadata.annotations?.[POD_ANNOTATION]?.split('/') ?? [];
      if (name === undefined) return null;
      const pod = await orNull(client.get<Pod>(`pods/${name}`));
      if (pod?.metadata.uid === uid) return pod;
      return null;
    },
    async remove({ id, name, uid }, graceSeconds) {
      const claim = await claimOf(id);
      if (claim !== null) await ignoreGone(client.delete(at(id), { uid: claim.metadata.uid }));
      // Its node gave no word: the pod is then removed without it.
      if (graceSeconds === 0) await client.delete(`pods/${name}`, { uid, graceSeconds });
      else if ((await client.get<Pod>(`pods/${name}`)).metadata.uid !== uid) {
        throw new SeedError('not_found', `the pod ${name} is another one`);
      }
    },
    async discard(id) {
      const claim = await claimOf(id);
      if (claim === null) return;
      await ignoreGone(client.delete(at(id), { uid: claim.metadata.uid }));
      while ((await podsOf(claim)).length > 0) await sleep(AGAIN_MS);
    },
    async endAfter(id, deadline) {
      await client.patch(at(id), { spec: { lifecycle: lifecycle(deadline) } }, 'merge');
    },
    async adopt(id, owner) {
      await client.patch(at(id), { metadata: { labels: { [LABELS.runner]: owner } } }, 'merge');
    },
    async list(owner) {
      const labelSelector = sandboxesOf(traits.installation, owner);
      const found = await client.list<SandboxClaim>(path, { labelSelector });
      return found.flatMap(({ metadata: { labels = {} } }) => {
        const id = labels[LABELS.sandbox];
        return id === undefined ? [] : [{ id, owner: labels[LABELS.runner] ?? '' }];
      });
    },
  };
  return claims;
}

interface NewClaim {
  id: SandboxId;
  owner: string;
  limits: Limits;
  spec: object;
}

/** No environment and no volumes: with those the controller starts a pod of its own instead of a warm one. */
function claimBody(traits: PodTraits, { id, owner, limits, spec }: NewClaim) {
  const deadline = dateOfMoment(limits.deadline).toISOString();
  return {
    apiVersion: CLAIM_API,
    kind: 'SandboxClaim',
    metadata: {
      name: podName(id),
      labels: {
        [LABELS.sandbox]: id,
        [LABELS.runner]: owner,
        [LABELS.installation]: traits.installation,
        'app.kubernetes.io/managed-by': 'seed',
      },
      annotations: { [ANNOTATIONS.start]: randomUUID(), [ANNOTATIONS.deadline]: deadline },
      ...(traits.ownerReference && { ownerReferences: [traits.ownerReference] }),
    },
    spec,
  };
}

async function ignoreGone(deleting: Promise<void>): Promise<void> {
  await deleting.catch((error: SeedError) => {
    if (error.code !== 'not_found' && error.code !== 'conflict') throw error;
  });
}
