// Models that have just failed rest for a while, so that not every call asks them first. For all tasks alike. Pure.
import type { UpstreamFailure } from './upstream-failure.ts';

interface Rest {
  until: number;
  failure: UpstreamFailure;
}

/** After a failure that does not say when to come back. */
const GUESSED_REST_MS = 15_000;
/** A model that says to come back later than this is asked again after it. */
const LONGEST_REST_MS = 300_000;

export interface AskingOrder {
  /** In the order in which to ask them. */
  models: string[];
  /** Those that said when they will answer again, with what they said and the seconds until then. */
  resting: { model: string; failure: UpstreamFailure; seconds: number }[];
}

export class ModelRests {
  readonly #rests = new Map<string, Rest>();
  readonly #nowMs: () => number;

  /** @param nowMs milliseconds on a clock that only goes forward */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  failed(model: string, failure: UpstreamFailure): void {
    this.#forgetOver();
    const { retryAfterSeconds } = failure;
    const restMs = retryAfterSeconds === null ? GUESSED_REST_MS : retryAfterSeconds * 1000;
    this.#rests.set(model, { until: this.#nowMs() + Math.min(restMs, LONGEST_REST_MS), failure });
  }

  answered(model: string): void {
    this.#rests.delete(model);
  }

  /**
   * Those that do not rest in their own order, then those whose rest is only a guess, as they may be well again. Who said
   * when to come back is not asked before.
   */
  order(models: readonly string[]): AskingOrder {
    this.#forgetOver();
    const restOf = (model: string) => this.#rests.get(model);
    const awake = models.filter((model) => !restOf(model));
    const guessed = models.filter((model) => restOf(model)?.failure.retryAfterSeconds === null);
    const resting = models.flatMap((model) => {
      const rest = restOf(model);
      if (!rest || rest.failure.retryAfterSeconds === null) return [];
      return { model, failure: rest.failure, seconds: Math.ceil((rest.until - this.#nowMs()) / 1000) };
    });
    return { models: [...awake, ...guessed], resting };
  }

  #forgetOver(): void {
    for (const [model, { until }] of this.#rests) if (until <= this.#nowMs()) this.#rests.delete(model);
  }
}
