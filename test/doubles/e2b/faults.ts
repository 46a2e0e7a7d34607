// What goes wrong at the double on demand. Each fault is used up by the requests that it has met.
import type { IncomingMessage } from 'node:http';

export interface Fault {
  /** Which requests, by `METHOD /path`. */
  of: RegExp;
  /** How many of them; missing: one. */
  times?: number;
  /** What they are answered with; missing: the connection is cut. */
  answer?: { status: number; headers?: Record<string, string>; body?: object };
  /** Whether what was asked for is done all the same. */
  done?: boolean;
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
    const fault = this.#all.find(({ of, left }) => left > 0 && of.test(`${method} ${path}`));
    if (!fault) return null;
    fault.left -= 1;
    this.met += 1;
    return fault;
  }
}
