// What src/relay asks for one task that has no runner: the server itself, in this process. The task's key is
// opened for the time of a request, and goes nowhere but into calls within the server.
import { Readable } from 'node:stream';
import type { Store } from '../../db/store.ts';
import type { Logger } from '../../lib/log.ts';
import type { Prices } from '../../lib/money.ts';
import { unseal } from '../../lib/seal.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { GuestMessages } from '../../protocol/guest.ts';
import type { Upstream } from '../../relay/forward.ts';
import type { GuestLimits } from '../../relay/limits.ts';
import { outcomeOfResult } from '../../relay/outcome.ts';
import type { RelayParts } from '../../relay/relay.ts';
import { noAnswer, readServerAnswer } from '../../relay/server-answer.ts';
import { guestTask } from '../../relay/start-line.ts';
import {
  type LeaseFilesNeeds,
  openTaskFile,
  openWorkspace,
  removeArtifact,
  takeArtifact,
  takeWorkspace,
} from '../files/lease-files.ts';
import { agentEventsIn } from '../tasks/agent-events.ts';
import { readConversation } from '../tasks/conversation.ts';
import { settleTask } from '../tasks/end.ts';
import { appendAgentEvents } from '../tasks/events.ts';
import { giveOutput } from '../tasks/give-output.ts';
import { leasedTask, reportPhase } from '../tasks/lease.ts';
import { readMessages } from '../tasks/messages.ts';
import type { OutputChecks } from '../tasks/output/checks.ts';
import { judgedSettlement } from '../tasks/output/settle.ts';
import { type ToldNeeds, toldLease } from '../tasks/told-lease.ts';
import { DOOR_ID, keyPlace } from './start.ts';
import type { DoorTask } from './starts.ts';
import { doorWaits } from './waits.ts';

/** Nothing has come yet: the guest is to ask the same again. */
export const ASK_AGAIN = new SeedError('unavailable', 'there is nothing to tell yet');

/** A guest that asks for messages is kept waiting no longer. */
const MESSAGES_MS = 20_000;

export interface GuestPartsNeeds extends LeaseFilesNeeds, ToldNeeds {
  store: Store;
  outputs: OutputChecks;
  prices: Prices;
  secretsKey: string;
  log: Logger;
}

/** How long one request is answered, and how the server is asked within it. */
export interface Within {
  leftMs: number;
  limits: GuestLimits;
  fetch(request: Request): Promise<Response>;
}

export function guestParts(needs: GuestPartsNeeds, guest: DoorTask, within: Within): RelayParts {
  const { store, outputs, prices } = needs;
  const { taskId, leaseId, task } = guest;
  const { loops } = store;
  const lease = { taskId, leaseId };
  const log = needs.log.child({ taskId });
  const { leftMs } = within;
  const reached = async (phase: 'working' | 'finishing') => {
    if (task.phase !== phase) await reportPhase(store, { ...lease, phase });
  };
  return {
    task: async () => guestTask(toldLease(needs, await leasedTask(store.db, lease))),
    upstream: upstreamOf(needs, guest, within),
    log,
    limits: within.limits,
    waits: doorWaits({ store, log, leftMs }, guest),
    messages: {
      read: (after, signal) => messagesBehind(needs, guest, { after, signal, leftMs }),
      readNow: (after) => storedMessages(needs, guest, after),
    },
    files: {
      files: task.files,
      async conversation() {
        const { task: told } = await leasedTask(store.db, lease);
        if (told.continues === null) throw new SeedError('not_found', 'the task goes on from no other');
        return Readable.from([Buffer.from(JSON.stringify(await readConversation(store.db, told.continues)))]);
      },
      openWorkspace: async () => (await openWorkspace(needs, lease)).content,
      putWorkspace: (content) => takeWorkspace(needs, lease, content),
      open: async (name) => (await openTaskFile(needs, lease, name)).content,
      put: ({ name, content }) => takeArtifact(needs, lease, name, content),
      delete: (name) => removeArtifact(needs, lease, name),
    },
    async onEvents(number, read) {
      if (number === null) throw new SeedError('invalid_input', 'a batch of events has a number');
      if (number <= task.event_batch) return;
      const events = agentEventsIn(await read());
      await appendAgentEvents(store, { ...lease, batch: number, events });
    },
    onCompletion: () => {
      if (task.phase === 'starting')
        loops.keep(reached('working').catch((error) => log.debug({ err: error }, 'a phase was not told')));
    },
    onModelAnswer: () => undefined,
    onOutput: (given) => giveOutput(store, outputs, { ...lease, ...given }),
    async onResult(result) {
      await reached('finishing');
      const settlement = { ...outcomeOfResult(leaseId, result), usage: null };
      await settleTask(store, taskId, await judgedSettlement(store, outputs, taskId, settlement), prices);
    },
  };
}

function upstreamOf({ secretsKey }: GuestPartsNeeds, { taskId, sealedKey }: DoorTask, within: Within): Upstream {
  const secret = unseal(sealedKey, secretsKey, keyPlace(taskId));
  return {
    async ask({ target, method, headers, body, isCompletion }, signal) {
      const request = new Request(`http://seed${target}`, {
        method,
        headers: { ...headers, authorization: `Bearer ${secret}` },
        ...(body !== null && body.length > 0 && { body: new Uint8Array(body) }),
        signal,
      });
      const response = await within.fetch(request).catch(noAnswer);
      const content = response.body === null ? null : Readable.fromWeb(response.body as never);
      content?.on('error', () => undefined);
      const begun = {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        chunks: (content ?? Readable.from([]))[Symbol.asyncIterator]() as AsyncIterator<Buffer>,
        drop: () => void content?.destroy(),
      };
      return readServerAnswer(begun, isCompletion);
    },
  };
}

interface Asking {
  after: number;
  signal: AbortSignal;
  leftMs: number;
}

/** @throws SeedError ASK_AGAIN when none has come for a while */
async function messagesBehind(
  { store }: Pick<GuestPartsNeeds, 'store'>,
  { taskId, task }: DoorTask,
  { after, signal, leftMs }: Asking,
): Promise<Readable> {
  const until = performance.now() + Math.min(MESSAGES_MS, leftMs);
  const late = AbortSignal.timeout(Math.min(MESSAGES_MS, leftMs));
  const gone = AbortSignal.any([signal, late]);
  using told = store.signals.subscribe(`runner:${DOOR_ID}`);
  for (;;) {
    const row = await store.db.selectFrom('tasks').select('messages').where('id', '=', taskId).executeTakeFirst();
    if ((row?.messages ?? 0) > after) break;
    if (gone.aborted || performance.now() >= until) throw ASK_AGAIN;
    await told.next(until - performance.now(), gone);
  }
  return storedMessages({ store }, { taskId, task }, after);
}

async function storedMessages(
  { store }: Pick<GuestPartsNeeds, 'store'>,
  { taskId, task: { created_at, completed_at } }: Pick<DoorTask, 'taskId' | 'task'>,
  after: number,
): Promise<Readable> {
  const messages = await readMessages(store.db, { id: taskId, created_at, completed_at }, after);
  return Readable.from([Buffer.from(JSON.stringify({ messages } satisfies GuestMessages))]);
}
