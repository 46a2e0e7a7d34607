// What goes wrong at the double on demand. Each fault is used up by the requests that it has met.
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Fault {
  /** Which requests, by `METHOD /path`. */
  of: RegExp;
  /** How many of them; missing: one. */
  times?: number;
  /** Of those, by chance, this part; missing: all. */
  share?: number;
  /** What they are answered with; missing: the connection is cut. */
  answer?: { status: number; headers?: Record<string, string>; body?: object };
  /** Whether what was asked for is done all the same; so late, once nobody waits for it any more. */
  done?: boolean | { afterMs: number };
  /** It is done, and its answer breaks off: after so many bytes, or before a stream's last message. */
  cutAnswer?: number | 'before its last message';
  /** It breaks off while it is sent, after so many bytes at the least. */
  cutRequest?: number;
}

export class Faults {
  readonly #all: (Fault & { left: number })[] = [];
  /** How many requests have met one. */
  met = 0;

  add(fault: Fault): void {
    this.#all.push({ ...fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#all.length = 0;
  }

  take({ method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>): Fault | null {
    const [path] = url.split('?');
    const fault = this.#all.find(
      ({ of, left, share = 1 }) => left > 0 && of.test(`${method} ${path}`) && Math.random() < share,
    );
    if (!fault) return null;
    fault.left -= 1;
    this.met += 1;
    return fault;
  }
}

/** The connection ends once so much more of a request has come. */
export function cutRequestAfter({ socket }: IncomingMessage, bytes: number): void {
  let left = bytes;
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left <= 0) socket.destroy();
  });
}

/** Flag 2 of a message of Connect. */
const LAST = 2;

/** What is written of an answer gets no further than there, and the connection ends. */
export function cutAnswerAt(response: ServerResponse, at: number | 'before its last message'): void {
  const write = response.write.bind(response) as (chunk: Uint8Array, done: () => void) => boolean;
  /** What was written before is sent. */
  const cut = () => response.socket?.destroySoon();
  let left = typeof at === 'number' ? at : Number.POSITIVE_INFINITY;
  response.write = (chunk: Uint8Array | string, ...rest: unknown[]) => {
    const bytes = Buffer.from(chunk as Uint8Array);
    if (typeof at !== 'number' && (bytes[0] ?? 0) & LAST) {
      cut();
      return false;
    }
    const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
    left -= bytes.length;
    return left > 0 ? write(bytes, () => done?.()) : write(bytes.subarray(0, bytes.length + left), cut);
  };
  const end = response.end.bind(response) as () => ServerResponse;
  response.end = (chunk?: unknown) => {
    if (chunk instanceof Uint8Array || typeof chunk === 'string') response.write(chunk);
    return left > 0 ? end() : response;
  };
}
