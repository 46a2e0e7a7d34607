// The callers of the measurement: they post tasks and follow them over HTTP, as anybody does.
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent as PostAgent, request as post } from 'undici';
import type { TaskEvent } from '../../src/protocol/event.ts';
import { isTerminal } from '../../src/protocol/statuses.ts';
import type { Task } from '../../src/protocol/task.ts';
import { type FleetInstruction, momentMs } from './instruction.ts';

const POSTING_AT_ONCE = 32;
const TIMEOUT_MS = 600_000;
/** How often a stream is opened, and how much longer each time until the next. */
const ATTEMPTS = 10;
const AGAIN_MS = 200;

export interface Callers extends Disposable {
  /** Makes a key, with what it may do, and returns its secret. */
  makeKey(name: string): Promise<string>;
  /** Posts so many of them, one behind the other on each of some connections; the ids in the order of answers. */
  postTasks(count: number, instruction: FleetInstruction): Promise<string[]>;
  /** Follows a task from its first event to its last, over the server with this number. */
  follow(taskId: string, secret: string, server: number): Followed;
}

/** One event as one watcher saw it. */
export interface Seen {
  event: TaskEvent;
  /** Milliseconds since 1970. */
  atMs: number;
}

export interface Followed {
  /** Resolves when the server has begun to answer. */
  open: Promise<void>;
  /** Resolves at the stream's end with all that came. Rejects when something is missing, doubled, or no end came. */
  all: Promise<Seen[]>;
}

export function createCallers(urls: readonly string[], adminKey: string): Callers {
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  const dispatcher = new PostAgent({ connections: POSTING_AT_ONCE });
  let next = 0;

  async function call<Body>(path: string, body: object, status: number): Promise<Body> {
    next += 1;
    const response = await post(`${urls[next % urls.length]}/api/v1${path}`, {
      method: 'POST',
      dispatcher,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.body.text();
    if (response.statusCode !== status) throw new Error(`POST ${path}: ${response.statusCode} ${text}`);
    return JSON.parse(text) as Body;
  }

  return {
    makeKey: async (name) => {
      const made = await call<{ secret: string }>('/keys', { name, scopes: ['tasks:read'] }, 201);
      return made.secret;
    },
    postTasks: async (count, instruction) => {
      const ids: string[] = [];
      let left = count;
      const body = { instruction: JSON.stringify(instruction), timeout: TIMEOUT_MS, scopes: ['keys:read'] };
      const postSome = async () => {
        while (left > 0) {
          left -= 1;
          ids.push((await call<{ task: Task }>('/tasks/run', body, 202)).task.id);
        }
      };
      await Promise.all(Array.from({ length: POSTING_AT_ONCE }, postSome));
      return ids;
    },
    follow: (taskId, secret, server) => {
      const open = Promise.withResolvers<void>();
      const all = readEvents(`${urls[server % urls.length]}/api/v1/tasks/${taskId}/events`, {
        secret,
        agent,
        onOpen: open.resolve,
      });
      all.catch(open.reject);
      return { open: open.promise, all };
    },
    [Symbol.dispose]: () => {
      agent.destroy();
      void dispatcher.destroy();
    },
  };
}

interface Reading {
  secret: string;
  agent: Agent;
  onOpen(): void;
}

/** Opens the stream again behind the last event where it breaks off, as callers do: a busy server may do that. */
async function readEvents(url: string, reading: Reading): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const problem = await readSome(`${url}?after=${seen.length}`, seen, reading).then(
      () => (endOf(seen) === undefined ? new Error(`the stream of ${url} ended before the task`) : null),
      (error: Error) => error,
    );
    if (problem === null) return seen;
    if (attempt === ATTEMPTS || problem instanceof WrongOrder) throw problem;
    await sleep(AGAIN_MS * attempt);
  }
}

/** Of events, which no busy server excuses. */
class WrongOrder extends Error {}

/** Resolves at the stream's end. Rejects when it breaks off, or an event is missing or comes twice. */
function readSome(url: string, seen: Seen[], { secret, agent, onOpen }: Reading): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers: { authorization: `Bearer ${secret}` } }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        return reject(new Error(`GET ${url}: ${response.statusCode}`));
      }
      onOpen();
      response.once('error', reject);
      const lines = createInterface({ input: response });
      lines.once('error', reject);
      lines.on('line', (line) => {
        const event = JSON.parse(line) as TaskEvent;
        seen.push({ event, atMs: momentMs() });
        if (event.seq !== seen.length)
          asked.destroy(new WrongOrder(`event ${event.seq} of ${url} came as number ${seen.length}`));
      });
      lines.once('close', resolve);
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** The event that tells of the task's end. */
export function endOf(seen: readonly Seen[]): Seen | undefined {
  const last = seen.at(-1);
  return last?.event.type === 'status' && isTerminal(last.event.status) ? last : undefined;
}
