// Which models answer, as the calls of this server found: one that failed rests, for all tasks alike, so that no
// call asks it first. After its rest one call tries it: when that is answered all ask it again, else it rests
// longer. Called by ask-models.ts; shown by `models list` and in the metrics.
import type { ModelHealth } from '../../protocol/model.ts';
import type { UpstreamFailure } from './upstream-failure.ts';

interface Rest {
  untilMs: number;
  failure: UpstreamFailure;
  /** In a row, each after the rest that the one before brought. */
  failures: number;
  /** A call tries it now. */
  onTrial: boolean;
}

/** After a first failure that does not say when to come back; each further one doubles it. */
const GUESSED_MS = 15_000;
/** None is shorter: of one failure several parts may tell. */
const SHORTEST_MS = 100;
/** No rest is longer, whatever a model says. */
const LONGEST_MS = 300_000;
/** So long after its rest a model that nobody asks is as good as any. */
const FORGOTTEN_MS = 600_000;

/** A model that is not asked before the time that it named. */
export interface Resting {
  model: string;
  failure: UpstreamFailure;
  restMs: number;
}

const FINE: ModelHealth = { state: 'ok', restSeconds: 0, reason: null };

export class HealthOfModels {
  readonly #rests = new Map<string, Rest>();
  readonly #nowMs: () => number;

  /** @param nowMs milliseconds on a clock that only goes forward */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  failed(model: string, failure: UpstreamFailure): void {
    this.#forgetOld();
    const nowMs = this.#nowMs();
    const before = this.#rests.get(model);
    // Calls that were under way together when it failed tell of one failure.
    const isNews = before === undefined || before.untilMs <= nowMs;
    const failures = (before?.failures ?? 0) + (isNews ? 1 : 0);
    const ms = failure.retryAfterMs ?? GUESSED_MS * 2 ** Math.min(failures - 1, 10);
    const untilMs = Math.max(nowMs + Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS), isNews ? 0 : before.untilMs);
    this.#rests.set(model, { untilMs, failure, failures, onTrial: false });
  }

  answered(model: string): void {
    this.#rests.delete(model);
  }

  /**
   * Null when the model rests, or another call tries it; else it may be asked. Whoever asked says afterwards that
   * it answered or failed, and calls what is returned in any case.
   */
  admit(model: string): (() => void) | null {
    const rest = this.#rests.get(model);
    if (!rest) return () => undefined;
    if (rest.onTrial || rest.untilMs > this.#nowMs()) return null;
    rest.onTrial = true;
    return () => {
      rest.onTrial = false;
    };
  }

  /** What keeps it from being asked at all: the time that it named itself is not over. */
  namedRest(model: string): Resting | null {
    const rest = this.#rests.get(model);
    const restMs = (rest?.untilMs ?? 0) - this.#nowMs();
    if (!rest || restMs <= 0 || rest.failure.retryAfterMs === null) return null;
    return { model, failure: rest.failure, restMs };
  }

  of(model: string): ModelHealth {
    this.#forgetOld();
    const rest = this.#rests.get(model);
    if (!rest) return FINE;
    const restSeconds = Math.max(0, Math.ceil((rest.untilMs - this.#nowMs()) / 1000));
    return { state: restSeconds > 0 ? 'resting' : 'on_trial', restSeconds, reason: reasonOf(rest.failure) };
  }

  /** Those that failed and have not answered since. */
  ailing(): string[] {
    this.#forgetOld();
    return [...this.#rests.keys()];
  }

  #forgetOld(): void {
    const nowMs = this.#nowMs();
    for (const [model, { untilMs, onTrial }] of this.#rests)
      if (!onTrial && untilMs + FORGOTTEN_MS <= nowMs) this.#rests.delete(model);
  }
}

/** Without its words: they may be about the call of another account. */
function reasonOf({ isLoading, upstreamStatus: status }: UpstreamFailure): string {
  if (isLoading) return 'loads its model';
  return status !== null && status >= 400 ? `answered ${status}` : 'gave no whole answer';
}
