// What the upstream says of its models, read when a server starts and again from time to time. Owned by server.ts,
// asked by known-models.ts. A server works without it, too.
import type { Loop } from '../../../lib/every.ts';
import { type Loops, TIMED_LOOPS } from '../../../lib/loops.ts';
import type { LlmLog } from '../call-records.ts';
import type { Upstream } from '../upstream.ts';
import type { ListedModel } from './listed-models.ts';
import { readUpstreamModels } from './read-upstream.ts';

/** How often it is looked whether it is time to read. */
const TICK_MS = 15_000;
const READ_EVERY_MS = 600_000;
/** What a start waits for the first reading. */
const FIRST_WITHIN_MS = 3_000;
/** Models that were asked for; some upstreams tell of each by itself only. */
const WANTED_MOST = 50;

interface UpstreamListOptions {
  upstream: Upstream | null;
  log: LlmLog;
  loops?: Loops;
  fetch?: typeof fetch;
  /** Milliseconds on a clock that only goes forward. */
  nowMs?: () => number;
}

export class UpstreamList implements AsyncDisposable {
  readonly #options: Required<UpstreamListOptions>;
  readonly #wanted = new Set<string>();
  readonly #gone = new AbortController();
  readonly #loop: Loop;
  readonly #first: Promise<void>;
  #byName = new Map<string, ListedModel>();
  /** The only model of a server that has one; a price is that of a name. */
  #anyName: ListedModel | null = null;
  #dueAt = 0;
  #failures = 0;
  #hasNewWanted = false;

  constructor(options: UpstreamListOptions) {
    this.#options = { loops: TIMED_LOOPS, fetch: globalThis.fetch, nowMs: () => performance.now(), ...options };
    for (const model of options.upstream?.defaultModels ?? []) this.#wanted.add(model);
    const name = 'read what the upstream says of its models';
    this.#loop = this.#options.loops.every({ everyMs: TICK_MS, name, log: null }, () => this.#readWhenDue());
    this.#first = this.#loop.now();
  }

  /** Resolves when the first reading is over, or takes too long to be waited for. */
  async firstRead(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, FIRST_WITHIN_MS);
    await Promise.race([this.#first, late.promise]);
    clearTimeout(timer);
  }

  /** Reads it again now, such as after a model was loaded. Never rejects. */
  async readAgain(): Promise<void> {
    this.#dueAt = 0;
    await this.#loop.now();
  }

  /** What it says of a model, by any of its names; a server of one model takes every name for it. */
  of(model: string): ListedModel | null {
    const { upstream } = this.#options;
    if (upstream === null) return null;
    if (this.#wanted.size < WANTED_MOST && !this.#wanted.has(model)) {
      this.#wanted.add(model);
      this.#hasNewWanted = true;
    }
    const named = this.#byName.get(model) ?? this.#byName.get(model.toLowerCase());
    // OpenRouter's `:nitro` and `:floor` choose who serves the model of the name before.
    const plain = upstream.openRouter ? this.#byName.get(model.replace(/:(nitro|floor|exacto)$/, '')) : undefined;
    return named ?? plain ?? this.#anyName;
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  async #readWhenDue(): Promise<void> {
    const { upstream, fetch, nowMs } = this.#options;
    if (upstream === null || (nowMs() < this.#dueAt && !this.#hasNewWanted)) return;
    const hadNewWanted = this.#hasNewWanted;
    this.#hasNewWanted = false;
    try {
      const wanted = [...this.#wanted];
      const models = await readUpstreamModels(upstream, { wanted, fetch, signal: this.#gone.signal });
      if (models !== null) this.#take(models);
      this.#failures = 0;
      this.#dueAt = nowMs() + READ_EVERY_MS;
    } catch (error) {
      this.#hasNewWanted = hadNewWanted && nowMs() < this.#dueAt;
      this.#failures += 1;
      this.#dueAt = nowMs() + Math.min(READ_EVERY_MS, TICK_MS * 2 ** (this.#failures - 1));
      if (this.#failures === 1 && !this.#gone.signal.aborted) this.#tell(upstream, error);
    }
  }

  #tell({ openRouter }: Upstream, error: unknown): void {
    const message = openRouter
      ? "OpenRouter's models and prices could not be read: calls that are cut off cost nothing, unless SEED_PRICES_FILE has their model"
      : 'what the upstream says of its models (GET /models) could not be read: it is tried again';
    this.#options.log.warn({ err: error }, message);
  }

  #take(models: readonly ListedModel[]): void {
    const named = models.flatMap((model) => [model.id, ...model.aliases].map((name) => [name, model] as const));
    // A model's own name goes before others' names for theirs, and as it is written before any case.
    const loose = named.map(([name, model]) => [name.toLowerCase(), model] as const);
    const own = models.map((model) => [model.id, model] as const);
    this.#byName = new Map([...loose.reverse(), ...named.reverse(), ...own]);
    this.#anyName = models.length === 1 ? withoutPrice(models[0]) : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone.abort();
    await this.#loop.stop();
  }
}

function withoutPrice(model: ListedModel | undefined): ListedModel | null {
  if (model === undefined) return null;
  const { price: _, ...facts } = model.facts;
  return { ...model, facts };
}
