// What the runner says to the server, over HTTP with the runner token; protocol/runner.ts describes the wire.
import type { Readable } from 'node:stream';
import { type Dispatcher, request } from 'undici';
import { dateOfMoment } from '../lib/clock.ts';
import { readWithin } from '../lib/read-stream.ts';
import { type ErrorCode, SeedError } from '../protocol/errors.ts';
import { type GivenOutput, OutputVerdict } from '../protocol/output.ts';
import type { Usage } from '../protocol/resources.ts';
import {
  HEARTBEAT_WAIT_MS,
  HeartbeatAnswer,
  LEASE_WAIT_MS,
  Lease,
  RUNNER_HEADER,
  type RunnerState,
  SandboxesAnswer,
  type SandboxRef,
  type Settlement,
} from '../protocol/runner.ts';
import type { TaskPhase } from '../protocol/task.ts';
import { PROTOCOL_HEADER, RUNNER_PROTOCOL } from '../protocol/versions.ts';
import { errorIn } from '../relay/server-answer.ts';

/** What an answer may take beyond the time that it may be held back. */
const ANSWER_MS = 10_000;
/** That of an answer of an agent's is judged first, as others' are. */
const OUTPUT_MS = 30_000;
const ANSWER_BYTES = 1024 * 1024;

/** Every method throws SeedError: `lease_lost`, `unreachable` without an answer, or what the server answered. */
export interface ServerClient {
  /** Null: nothing to do. Held back up to LEASE_WAIT_MS. */
  lease(state: RunnerState, signal: AbortSignal): Promise<TakenLease | null>;
  /** Tasks to kill, and which of them live on for another runner. Held back up to HEARTBEAT_WAIT_MS. */
  heartbeat(state: RunnerState, held: HeldTask[], signal: AbortSignal): Promise<HeartbeatAnswer>;
  /** Which of the sandboxes within this reach are some runner's to keep. */
  spare(runnerId: string, reach: string, sandboxes: OwnedSandbox[], signal: AbortSignal): Promise<string[]>;
  /** The runner has these tasks and no others. */
  leave(runnerId: string, taskIds: string[], signal: AbortSignal): Promise<void>;
  /** @param sandbox of a task that can pass to another runner, with the first */
  reportPhase(taskId: string, leaseId: string, phase: TaskPhase, sandbox?: SandboxRef): Promise<void>;
  /** All that the sandbox runs waits for people from now on. */
  reportWaiting(taskId: string, leaseId: string): Promise<void>;
  reportWorking(taskId: string, leaseId: string, waited: { waitedMs: number; leftMs: number }): Promise<void>;
  sendEvents(batch: EventBatch, signal: AbortSignal): Promise<void>;
  /** What the server says of an answer that the agent gives. */
  giveOutput(lease: TaskLease, given: GivenOutput): Promise<OutputVerdict>;
  settle(taskId: string, settlement: Settlement): Promise<void>;
  /** Messages to the task behind the first `after`, as JSON. */
  openMessages(lease: TaskLease, after: number, signal: AbortSignal): Promise<Readable>;
  /** What was said in the tasks that it goes on from, as JSON. */
  openConversation(lease: TaskLease, signal: AbortSignal): Promise<Readable>;
  /** The bytes of one of the task's files. */
  openFile(lease: TaskLease, name: string, signal: AbortSignal): Promise<Readable>;
  /** Less or more content than `size` breaks the request off. */
  putArtifact(lease: TaskLease, artifact: Artifact, signal: AbortSignal): Promise<void>;
  deleteArtifact(lease: TaskLease, name: string, signal: AbortSignal): Promise<void>;
  /** The archive that its workspace begins with. */
  openWorkspace(lease: TaskLease, signal: AbortSignal): Promise<Readable>;
  putWorkspace(lease: TaskLease, content: Readable, signal: AbortSignal): Promise<void>;
  reportUsage(taskId: string, leaseId: string, usage: Usage): Promise<void>;
}

/** A task that the runner has. */
export interface HeldTask {
  taskId: string;
  /** The moment of `performance.now()` that is its deadline; of one that waits: the latest that it can be. */
  diesAt: number;
  /** For people, with its clock standing. */
  isWaiting: boolean;
}

export type OwnedSandbox = { id: string; owner: string };

/** A lease with its deadline by this machine: `deadline` by its clock, for people and the guest. */
export interface TakenLease extends Lease {
  /** The deadline that counts: a moment of `performance.now()`. */
  diesAt: number;
}

export type TaskLease = Pick<Lease, 'taskId' | 'leaseId'>;
export type Artifact = { name: string; size: number; content: Readable };

export interface EventBatch extends TaskLease {
  /** Counts from 1 within the lease; a batch that is sent again keeps its number and is stored once. */
  number: number;
  ndjson: string;
}

export function createServerClient(serverUrl: string, runnerToken: string, dispatcher: Dispatcher): ServerClient {
  const everyRequest = { authorization: `Bearer ${runnerToken}`, [PROTOCOL_HEADER]: String(RUNNER_PROTOCOL) };
  const post = async (path: string, body: unknown, options: PostOptions = {}): Promise<unknown> => {
    const answer = await send(`${serverUrl}/runner/v1${path}`, body, options);
    if (answer.status >= 400) throw errorOf(answer);
    return answer.status === 204 ? null : JSON.parse(answer.text);
  };

  /** Throws what the server refused it with. */
  async function transfer(
    method: 'GET' | 'PUT' | 'DELETE',
    { taskId, leaseId }: TaskLease,
    resource: 'files' | 'artifacts' | 'conversation' | 'messages' | 'workspace',
    query: Record<string, string>,
    signal: AbortSignal,
    content?: { content: Readable; size?: number },
  ): Promise<Dispatcher.ResponseData['body']> {
    const url = `${serverUrl}/runner/v1/tasks/${taskId}/${resource}?${queryText(query)}`;
    const length = content?.size === undefined ? {} : { 'content-length': String(content.size) };
    const size = content && { ...length, 'content-type': 'application/octet-stream' };
    const headers = { ...everyRequest, [RUNNER_HEADER.lease]: leaseId, ...size };
    const options = { method, dispatcher, headers, body: content?.content ?? null, signal };
    const response = await request(url, options).catch((cause) => {
      throw unreachable(serverUrl, cause);
    });
    if (response.statusCode < 400) return response.body;
    throw errorOf({ status: response.statusCode, text: await textOf(response.body) });
  }

  async function send(url: string, body: unknown, { heldMs = 0, signal, headers }: PostOptions): Promise<Answer> {
    const limit = AbortSignal.timeout(heldMs + ANSWER_MS);
    try {
      const response = await request(url, {
        method: 'POST',
        dispatcher,
        headers: { 'content-type': 'application/json', ...everyRequest, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      return { status: response.statusCode, text: await textOf(response.body) };
    } catch (cause) {
      throw unreachable(serverUrl, cause);
    }
  }

  return {
    async lease(state, signal) {
      const askedAt = performance.now();
      const answer = await post('/lease', { runner: state }, { heldMs: LEASE_WAIT_MS, signal });
      if (answer === null) return null;
      const lease = Lease.parse(answer);
      const diesAt = (lease.heldMs === undefined ? performance.now() : askedAt + lease.heldMs) + lease.leftMs;
      return { ...lease, diesAt, deadline: dateOfMoment(diesAt).toISOString() };
    },
    async heartbeat(runner, held, signal) {
      const tasks = held.map(({ taskId }) => taskId);
      const leftMs = held.map(({ diesAt }) => Math.round(diesAt - performance.now()));
      const waiting = held.filter(({ isWaiting }) => isWaiting).map(({ taskId }) => taskId);
      const body = { runnerId: runner.id, tasks, leftMs, waiting, runner };
      const answer = await post('/heartbeat', body, { heldMs: HEARTBEAT_WAIT_MS, signal });
      return HeartbeatAnswer.parse(answer);
    },
    async spare(runnerId, reach, sandboxes, signal) {
      const answer = await post('/sandboxes', { runnerId, reach, sandboxes }, { signal });
      return SandboxesAnswer.parse(answer).spare;
    },
    async leave(runnerId, tasks, signal) {
      await post('/leave', { runnerId, tasks }, { signal });
    },
    async reportPhase(taskId, leaseId, phase, sandbox) {
      await post(`/tasks/${taskId}/phase`, { leaseId, phase, ...(sandbox && { sandbox }) });
    },
    async reportWaiting(taskId, leaseId) {
      await post(`/tasks/${taskId}/waiting`, { leaseId });
    },
    async reportWorking(taskId, leaseId, { waitedMs, leftMs }) {
      const report = { waitedMs: Math.round(waitedMs), leftMs: Math.round(leftMs) };
      await post(`/tasks/${taskId}/working`, { leaseId, ...report });
    },
    async sendEvents({ taskId, leaseId, number, ndjson }, signal) {
      const headers = {
        'content-type': 'application/x-ndjson',
        [RUNNER_HEADER.lease]: leaseId,
        [RUNNER_HEADER.batch]: String(number),
      };
      await post(`/tasks/${taskId}/events`, ndjson, { headers, signal });
    },
    async giveOutput({ taskId, leaseId }, given) {
      const answer = await post(`/tasks/${taskId}/output`, { leaseId, ...given }, { heldMs: OUTPUT_MS });
      return OutputVerdict.parse(answer);
    },
    async settle(taskId, settlement) {
      await post(`/tasks/${taskId}/settle`, settlement);
    },
    openMessages: (lease, after, signal) => transfer('GET', lease, 'messages', { after: String(after) }, signal),
    openConversation: (lease, signal) => transfer('GET', lease, 'conversation', {}, signal),
    openFile: (lease, name, signal) => transfer('GET', lease, 'files', { name }, signal),
    async putArtifact(lease, { name, ...content }, signal) {
      await (await transfer('PUT', lease, 'artifacts', { name }, signal, content)).dump();
    },
    async deleteArtifact(lease, name, signal) {
      await (await transfer('DELETE', lease, 'artifacts', { name }, signal)).dump();
    },
    openWorkspace: (lease, signal) => transfer('GET', lease, 'workspace', {}, signal),
    async putWorkspace(lease, content, signal) {
      await (await transfer('PUT', lease, 'workspace', {}, signal, { content })).dump();
    },
    async reportUsage(taskId, leaseId, usage) {
      await post(`/tasks/${taskId}/usage`, { leaseId, usage });
    },
  };
}

const queryText = (query: Record<string, string>) =>
  Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');

interface PostOptions {
  heldMs?: number;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

interface Answer {
  status: number;
  text: string;
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const bytes = await readWithin(body, ANSWER_BYTES);
  if (bytes === null) throw new Error(`the answer is larger than ${ANSWER_BYTES} bytes`);
  return bytes.toString('utf8');
}

function unreachable(serverUrl: string, cause: unknown): SeedError {
  const what = `the server at ${serverUrl} did not answer: ${(cause as Error).message}`;
  return new SeedError('unreachable', what, { hint: 'Check SEED_SERVER_URL and that the server runs.', cause });
}

function errorOf({ status, text }: Answer): SeedError {
  const said = errorIn(text);
  return said ?? new SeedError(status >= 500 ? 'unavailable' : 'internal', `the server answered ${status}`);
}

const PASSING: readonly ErrorCode[] = ['too_many_requests', 'version_mismatch'];

/** Whether trying again can help: the server was not reached, starts, stops, or has trouble of its own. */
export function isPassing(error: unknown): boolean {
  return error instanceof SeedError && (error.status >= 500 || PASSING.includes(error.code));
}
