// A client of Seed's API on fetch alone: calls that are safe to repeat, and events that lose nothing. Copy it; more
// types come from /openapi.json of your Seed (by openapi-typescript, for one).

export interface Task {
  id: string;
  status: 'queued' | 'running' | 'waiting_for_approval' | 'completed' | 'failed' | 'timed_out' | 'stopped';
  stdout: string | null;
  error: { code: string; message: string } | null;
}
export type TaskEvent = { seq: number; at: string; type: string } & Record<string, unknown>;

/** What Seed has refused: `code` is one of docs/errors.md. */
export class SeedRefusal extends Error {
  readonly code: string;
  constructor(status: number, { code, message, hint = '' }: { code: string; message: string; hint?: string }) {
    super(`${status} ${code}: ${message} ${hint}`);
    this.code = code;
  }
}

const TRIES = 5;
/** Seed's own 503, and what a proxy says in its place. */
const AWAY: readonly number[] = [502, 503, 504];
const ENDED: readonly unknown[] = ['completed', 'failed', 'timed_out', 'stopped'];
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function createSeed({ url, key }: { url: string; key: string }) {
  /** While Seed is away it is sent again, under one Idempotency-Key: whatever comes of it is done once. */
  async function send(
    method: string,
    path: string,
    body?: object,
    accept = 'application/json',
  ): Promise<Response> {
    const headers = {
      accept,
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
    };
    for (let attempt = 1; ; attempt++) {
      const request = { method, headers, ...(body && { body: JSON.stringify(body) }) };
      const response = await fetch(`${url}/api/v1${path}`, request).catch((error: Error) => error);
      const isAway = response instanceof Error || AWAY.includes(response.status);
      if (isAway && attempt < TRIES) await pause(attempt * 500);
      else if (response instanceof Error) throw response;
      else if (response.ok) return response;
      else throw new SeedRefusal(response.status, ((await response.json()) as { error: SeedRefusal }).error);
    }
  }
  const call = async <Answer>(method: string, path: string, body?: object) =>
    (await (await send(method, path, body)).json()) as Answer;

  /** Every event of the task, each once, until it has ended; a stream that breaks off is taken up where it was. */
  async function* follow(id: string): AsyncGenerator<TaskEvent> {
    for (let after = 0, tries = 0; tries < TRIES; tries++) {
      // As server-sent events, since these have a sign of life every 15 seconds.
      const { body } = await send('GET', `/tasks/${id}/events?after=${after}`, undefined, 'text/event-stream');
      let rest = '';
      try {
        for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
          const lines = (rest + text).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines.filter((one) => one.startsWith('data: {"'))) {
            const event = JSON.parse(line.slice('data: '.length)) as TaskEvent;
            [after, tries] = [event.seq, 0];
            yield event;
            if (event.type === 'status' && ENDED.includes(event['status'])) return;
          }
        }
      } catch (error) {
        // fetch's word for a connection that broke off.
        if (!(error instanceof TypeError)) throw error;
      }
      await pause(500);
    }
    throw new Error(`the events of task ${id} break off again and again`);
  }

  const run = async (task: { instruction: string } & Record<string, unknown>) =>
    (await call<{ task: Task }>('POST', '/tasks/run', task)).task;
  const get = async (id: string) => (await call<{ task: Task }>('GET', `/tasks/${id}`)).task;
  return { call, run, get, follow };
}
