// The agent's events on their way to the runner, in bounded batches, each cut to size. Used by run-task.ts.
import { setTimeout as delay } from 'node:timers/promises';
import { keptEvent } from '../lib/kept-event.ts';
import type { AgentEvent } from '../protocol/event.ts';

const BATCH_DELAY_MS = 50;
const BATCH_BYTES = 512 * 1024;
const QUEUE_BYTES = 1024 * 1024;
/** A piece of output grows up to this size while it waits. */
const CHUNK_BYTES = 16 * 1024;

type Pending = { event: AgentEvent; bytes: number };

export class EventQueue {
  readonly #send: (ndjson: string) => Promise<void>;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #draining: Promise<void> | null = null;
  #urgent = new AbortController();
  #roomWaiters: (() => void)[] = [];

  /** @param send delivers one batch; resolves when the runner has it */
  constructor(send: (ndjson: string) => Promise<void>) {
    this.#send = send;
  }

  push(event: AgentEvent): void {
    if (!this.#joinsLast(event)) this.#append(keptEvent(event));
    this.#draining ??= this.#drain();
  }

  /** Resolves when the runner has taken enough of what waits; null when there is room now. */
  room(): Promise<void> | null {
    if (this.#pendingBytes < QUEUE_BYTES) return null;
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Resolves when the runner has everything that was pushed before. Rejects when it could not be delivered. */
  async flush(): Promise<void> {
    this.#urgent.abort();
    while (this.#draining !== null) await this.#draining;
    this.#urgent = new AbortController();
  }

  #append(event: AgentEvent): void {
    const bytes = jsonBytes(event) + 1;
    this.#pending.push({ event, bytes });
    this.#pendingBytes += bytes;
  }

  /** Output of the same call is joined to the piece that still waits. */
  #joinsLast(event: AgentEvent): boolean {
    const last = this.#pending.at(-1);
    if (event.type !== 'tool_output' || last?.event.type !== 'tool_output') return false;
    if (last.event.callId !== event.callId) return false;
    const added = jsonBytes(event.chunk) - 2;
    if (last.bytes + added > CHUNK_BYTES) return false;
    last.event.chunk += event.chunk;
    last.bytes += added;
    this.#pendingBytes += added;
    return true;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#pending.length > 0) {
        if (this.#pendingBytes < BATCH_BYTES) await this.#batchDelay();
        const batch = this.#takeBatch();
        await this.#send(batch.map(({ event }) => `${JSON.stringify(event)}\n`).join(''));
        this.#pendingBytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0);
        if (this.#pendingBytes < QUEUE_BYTES) for (const resolve of this.#roomWaiters.splice(0)) resolve();
      }
    } finally {
      this.#draining = null;
    }
  }

  #takeBatch(): Pending[] {
    let bytes = 0;
    const past = this.#pending.findIndex((pending) => {
      bytes += pending.bytes;
      return bytes > BATCH_BYTES;
    });
    return this.#pending.splice(0, past === -1 ? this.#pending.length : Math.max(1, past));
  }

  async #batchDelay(): Promise<void> {
    const { signal } = this.#urgent;
    if (signal.aborted) return;
    await delay(BATCH_DELAY_MS, undefined, { signal }).catch((error: Error) => {
      if (error.name !== 'AbortError') throw error;
    });
  }
}

const jsonBytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
