// Creates a sandbox's pod and waits until its program runs. Used by driver.ts.
import { randomUUID } from 'node:crypto';
import { SeedError } from '../../protocol/errors.ts';
import type { Limits, SandboxId } from '../driver.ts';
import { patient } from '../patience.ts';
import type { KubeClient } from './client.ts';
import { createOnce } from './create-once.ts';
import type { KubeEvent, Pod } from './pod.ts';
import { type PodTraits, sandboxPod } from './pod-spec.ts';
import { isRunning, startProblem } from './pod-status.ts';
import type { Followed, PodSandboxes } from './sandboxes.ts';
import type { ServerClock } from './server-clock.ts';

/** Scheduling, pulling the image where the node lacks it, starting. */
const RUNS_WITHIN_MS = 60_000;
const EVENTS_SHOWN = 5;

export interface StartParts {
  client: KubeClient;
  sandboxes: PodSandboxes;
  clock: ServerClock;
  traits: PodTraits;
  owner: string;
}

/**
 * @throws SeedError sandbox_failed, or `unavailable` where trying again may help, with what the cluster says;
 * leaves nothing but what the API cannot be reached to remove
 */
export async function startPod(parts: StartParts, id: SandboxId, limits: Limits): Promise<Followed> {
  const { sandboxes } = parts;
  const createdAt = performance.now();
  const sandbox = sandboxes.follow(id, await createPod(parts, id, limits), createdAt);
  try {
    await untilRunning(parts, sandbox);
    return sandbox;
  } catch (error) {
    await sandboxes.kill(id);
    throw error;
  }
}

function createPod({ client, clock, traits, owner }: StartParts, id: SandboxId, limits: Limits): Promise<Pod> {
  const body = sandboxPod(traits, { id, owner, limits, start: randomUUID() });
  return createOnce<Pod>(client, clock, { path: 'pods', body, what: `a sandbox ${id}` });
}

async function untilRunning({ client, sandboxes }: StartParts, sandbox: Followed): Promise<void> {
  const late = AbortSignal.timeout(patient(RUNS_WITHIN_MS));
  const tooLate = new Promise<void>((resolve) => late.addEventListener('abort', () => resolve(), { once: true }));
  let exit: unknown;
  void sandbox.ended.then((ended) => {
    exit = ended;
  });
  for (;;) {
    const changed = sandboxes.changed(sandbox);
    const { pod } = sandbox;
    if (exit !== undefined) {
      throw new SeedError('sandbox_failed', `The pod ${sandbox.name} ended at its start: ${JSON.stringify(exit)}`);
    }
    if (isRunning(pod)) return;
    const problem = startProblem(pod);
    if (problem?.never || late.aborted) {
      const why = problem?.text ?? `it does not run after ${patient(RUNS_WITHIN_MS) / 1000} s`;
      const what = `The pod ${sandbox.name} does not start: ${why}${await eventsOf(client, pod)}`;
      throw new SeedError(problem?.never ? 'sandbox_failed' : 'unavailable', what);
    }
    await Promise.race([changed, sandbox.ended, tooLate]);
  }
}

/** What the cluster has noted about the pod, newest last; nothing where it may not be read. */
async function eventsOf(client: KubeClient, { metadata: { uid } }: Pod): Promise<string> {
  const fieldSelector = `involvedObject.uid=${uid},type!=Normal`;
  const events = await client.list<KubeEvent>('events', { fieldSelector }).catch(() => []);
  const lines = events.slice(-EVENTS_SHOWN).map(({ reason, message }) => `\n${reason}: ${message}`);
  return lines.join('');
}
