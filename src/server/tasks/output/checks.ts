// Checks schemas and answers in workers, which are started when first needed, given little memory, and ended
// when a check takes too long: whatever schema and answer are, the server goes on. An account has one check at a
// time under way, so that none keeps the others waiting. Called by verdict.ts.
import { Worker } from 'node:worker_threads';
import { ownModule } from '../../../lib/own-files.ts';
import { createSlots } from '../../../lib/slots.ts';
import { SeedError } from '../../../protocol/errors.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type { OutputVerdict } from '../../../protocol/output.ts';

export interface CheckQuestion {
  /** As JSON. */
  schema: string;
  /** As JSON; null: only whether the schema is one that Seed takes. */
  value: string | null;
}

/** `over`: the check was ended, as it took too long or too much memory. */
export type CheckAnswer =
  | { kind: 'verdict'; verdict: OutputVerdict }
  | { kind: 'refused'; why: string }
  | { kind: 'over'; why: string };

const WORKERS = 2;
/** Checks that wait; more are refused. */
const WAITING_MOST = 500;
const IDLE_MS = 30_000;
const LOOK_EVERY_MS = 50;
/** On a machine with much else to do a check's own time can take long to pass. */
const WAIT_MOST_MS = 30_000;
const MEMORY = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

export class OutputChecks implements AsyncDisposable {
  readonly #slots = createSlots(WORKERS);
  /** The last check of each account that has one. */
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #idle: CheckWorker[] = [];
  readonly #all = new Set<CheckWorker>();
  #waiting = 0;

  /** @throws SeedError unavailable when too many wait already, or no worker starts */
  async check(accountId: string, question: CheckQuestion): Promise<CheckAnswer> {
    if (this.#waiting >= WAITING_MOST)
      throw new SeedError('unavailable', `${WAITING_MOST} answers wait to be checked`, { nothingDone: true });
    this.#waiting += 1;
    const before = this.#last.get(accountId);
    const own = (before ?? Promise.resolve()).then(() => this.#checkNext(question));
    const over = own.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(accountId, over);
    try {
      return await own;
    } finally {
      this.#waiting -= 1;
      if (this.#last.get(accountId) === over) this.#last.delete(accountId);
    }
  }

  async #checkNext(question: CheckQuestion): Promise<CheckAnswer> {
    const leave = await this.#slots.enter();
    const worker = this.#idle.pop() ?? this.#start();
    try {
      const answer = await worker.ask(question);
      if (answer.kind === 'over') await this.#end(worker);
      else this.#rest(worker);
      return answer;
    } catch (cause) {
      await this.#end(worker);
      throw new SeedError('unavailable', 'an answer could not be checked', { cause, nothingDone: true });
    } finally {
      leave();
    }
  }

  #start(): CheckWorker {
    const worker = new CheckWorker();
    this.#all.add(worker);
    return worker;
  }

  #rest(worker: CheckWorker): void {
    this.#idle.push(worker);
    worker.whenIdle(IDLE_MS, () => {
      const at = this.#idle.indexOf(worker);
      if (at < 0) return;
      this.#idle.splice(at, 1);
      void this.#end(worker);
    });
  }

  async #end(worker: CheckWorker): Promise<void> {
    this.#all.delete(worker);
    await worker.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((worker) => this.#end(worker)));
  }
}

class CheckWorker {
  readonly #worker: Worker;
  readonly #ready: Promise<unknown>;
  #idle: NodeJS.Timeout | undefined;

  constructor() {
    // Nothing of the server's own settings; its end does not wait for it.
    this.#worker = new Worker(ownModule('src/server/tasks/output/worker.ts'), { env: {}, resourceLimits: MEMORY });
    this.#worker.unref();
    this.#ready = new Promise((resolve, reject) => {
      this.#worker.once('message', resolve);
      this.#worker.once('error', reject);
      this.#worker.once('exit', () => reject(new Error('the worker ended')));
    });
    this.#ready.catch(() => undefined);
  }

  /** Rejects when the worker does not start. */
  async ask(question: CheckQuestion): Promise<CheckAnswer> {
    clearTimeout(this.#idle);
    await this.#ready;
    const worker = this.#worker;
    const before = await worker.cpuUsage();
    const begunAt = performance.now();
    const { promise, resolve } = Promise.withResolvers<CheckAnswer>();
    const fail = (error: NodeJS.ErrnoException) => resolve({ kind: 'over', why: reasonOf(error) });
    const look = async () => {
      const { user, system } = await worker.cpuUsage(before);
      const isOver = (user + system) / 1_000 > LIMITS.outputCheckMs || performance.now() - begunAt > WAIT_MOST_MS;
      if (isOver) resolve({ kind: 'over', why: `it takes longer than ${LIMITS.outputCheckMs} ms to check` });
    };
    // One that ended meanwhile has said so.
    const looks = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS);
    worker.once('message', resolve).once('error', fail).postMessage(question);
    try {
      return await promise;
    } finally {
      clearInterval(looks);
      worker.off('message', resolve).off('error', fail);
    }
  }

  whenIdle(afterMs: number, end: () => void): void {
    this.#idle = setTimeout(end, afterMs).unref();
  }

  async end(): Promise<void> {
    clearTimeout(this.#idle);
    this.#worker.on('error', () => undefined);
    await this.#worker.terminate();
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it takes too much memory to check' : `its check broke: ${message}`;
}
