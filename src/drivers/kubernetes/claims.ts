// Mode `agent-sandbox`: a sandbox is a claim, named as its pod would be in mode `pods`, and the one pod that it
// was given first. The controller makes a pod anew, under its name, when it is deleted, and the claim goes on
// saying that it is ready: so the pod's UID is written down, and no other counts. Used by claims-driver.ts.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { dateOfMoment } from '../../lib/clock.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Limits, SandboxId } from '../driver.ts';
import { patient } from '../patience.ts';
import {
  CLAIM_API,
  claimsPath,
  POD_NAME_ANNOTATION,
  type PodSpec,
  type SandboxClaim,
  sandboxesPath,
} from './claim.ts';
import { podProblems } from './claim-template.ts';
import type { KubeClient } from './client.ts';
import { createOnce } from './create-once.ts';
import { ANNOTATIONS, LABELS, podName, sandboxesOf, sandboxLabels } from './names.ts';
import type { KubeObject } from './object.ts';
import { orNull, type PodPlaces } from './places.ts';
import type { Pod } from './pod.ts';
import type { PodChanges } from './pod-changes.ts';
import type { PodTraits } from './pod-spec.ts';
import { isRunning, startProblem } from './pod-status.ts';
import type { ServerClock } from './server-clock.ts';

const GIVEN_WITHIN_MS = 60_000;
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

  /** The pod that the claim was given, which runs. */
  async function given(claim: SandboxClaim): Promise<Pod> {
    const name = await untilServed(claim);
    const sandbox = await client.get<KubeObject>(`${sandboxesPath(client.namespace)}/${name}`);
    const pod = await client.get<Pod>(`pods/${sandbox.metadata.annotations?.[POD_NAME_ANNOTATION] ?? name}`);
    // Names come again: only its owners say whose it is.
    const isOurs = isOwnedBy(pod, sandbox) && isOwnedBy(sandbox, claim);
    if (!isOurs) throw failed(pod.metadata.name, `it is not that of the claim ${claim.metadata.name}`);
    if (!isRunning(pod)) throw failed(pod.metadata.name, startProblem(pod)?.text ?? 'it does not run');
    return pod;
  }

  /** The name of the claim's Sandbox, once that is ready. */
  async function untilServed({ metadata: { name } }: SandboxClaim): Promise<string> {
    const late = AbortSignal.timeout(patient(GIVEN_WITHIN_MS));
    let said = 'the controller says nothing';
    const query = { fieldSelector: `metadata.name=${name}` };
    for await (const { object } of client.watch<SandboxClaim>(path, query, late)) {
      const ready = object.status?.conditions?.find(({ type }) => type === 'Ready');
      const sandbox = object.status?.sandbox?.name;
      if (ready?.status === 'True' && sandbox) return sandbox;
      if (ready) said = [ready.reason, ready.message].filter(Boolean).join(': ');
      if (!NEVER.includes(ready?.reason ?? '')) continue;
      throw new SeedError('sandbox_failed', `The claim ${name} on the pool ${warmPool} is not served: ${said}`);
    }
    throw new SeedError('unavailable', `The pool ${warmPool} gives the claim ${name} no pod: ${said}`);
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
        const problems = podProblems(pod.spec as PodSpec, traits, limits);
        if (problems.length > 0) throw failed(pod.metadata.name, problems.join('; '));
        return await pin(id, owner, { pod, limits });
      } catch (error) {
        await claims.discard(id);
        throw error;
      }
    },
    async find(id) {
      const claim = await claimOf(id);
      const pinned = claim && podOf(claim);
      if (!pinned) return null;
      const pod = await orNull(client.get<Pod>(`pods/${pinned.name}`));
      return pod?.metadata.uid === pinned.uid ? pod : null;
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
      const name = podOf(claim)?.name ?? claim.status?.sandbox?.name;
      const until = performance.now() + patient(GIVEN_WITHIN_MS);
      while (name !== undefined && (await orNull(client.get<Pod>(`pods/${name}`))) !== null) {
        if (performance.now() > until) throw failed(name, 'its claim is deleted, and it is still there');
        await sleep(AGAIN_MS);
      }
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
      labels: sandboxLabels(traits.installation, id, owner),
      annotations: { [ANNOTATIONS.start]: randomUUID(), [ANNOTATIONS.deadline]: deadline },
      ...(traits.ownerReference && { ownerReferences: [traits.ownerReference] }),
    },
    spec,
  };
}

/** The pod that was written down as the claim's. */
function podOf({ metadata }: SandboxClaim): { name: string; uid: string } | null {
  const [name, uid] = metadata.annotations?.[POD_ANNOTATION]?.split('/') ?? [];
  return name && uid ? { name, uid } : null;
}

const isOwnedBy = ({ metadata }: KubeObject, { metadata: { uid } }: KubeObject) =>
  metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;

async function ignoreGone(deleting: Promise<void>): Promise<void> {
  await deleting.catch((error: SeedError) => {
    if (error.code !== 'not_found' && error.code !== 'conflict') throw error;
  });
}
