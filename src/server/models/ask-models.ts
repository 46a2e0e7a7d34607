// The fallback list: asks one model after the other until one answers. Models that have just failed cool down, for
// all tasks alike, so that not every call asks them first. Called by the gateway.
import { SeedError } from '../../protocol/errors.ts';
import { UpstreamFailure } from './upstream-failure.ts';

interface Failed {
  model: string;
  failure: UpstreamFailure;
  /** Until it can be asked again, where it said so. */
  seconds: number | null;
}

/**
 * @param ask asks one model; `others` says whether more would follow
 * @returns the first answer
 * @throws what `ask` threw, as soon as no other model could do better; llm_unavailable when none is left
 */
export async function askModels<Answer>(
  models: readonly string[],
  coolDowns: CoolDowns,
  ask: (model: string, others: boolean) => Promise<Answer>,
): Promise<Answer> {
  const order = coolDowns.order(models);
  const failed: Failed[] = order.coolingDown;
  for (const [index, model] of order.models.entries()) {
    try {
      const answer = await ask(model, index < order.models.length - 1);
      coolDowns.answered(model);
      return answer;
    } catch (error) {
      if (!(error instanceof UpstreamFailure) || error.blames === 'call') throw error;
      if (error.blames === 'model') coolDowns.failed(model, error);
      failed.push({ model, failure: error, seconds: error.retryAfterSeconds });
    }
  }
  throw noneAnswered(failed);
}

function noneAnswered(failed: readonly Failed[]): SeedError {
  const [only, ...more] = failed;
  if (!only) return new SeedError('unknown_model', 'none of the models of this task is served any more');
  const seconds = failed.flatMap((one) => one.seconds ?? []);
  const retryAfter = seconds.length === 0 ? {} : { retryAfterSeconds: Math.min(...seconds) };
  const { message, hint, cause } = only.failure;
  const text =
    more.length === 0 ? message : failed.map(({ model, failure }) => `${model}: ${failure.message}`).join('; ');
  return new UpstreamFailure(text, { cause, ...(hint === null ? {} : { hint }), ...retryAfter });
}

interface CoolDown {
  until: number;
  failure: UpstreamFailure;
}

/** After a failure that does not say when to come back. */
const GUESSED_MS = 15_000;
/** A model that says to come back later than this is asked again after it. */
const LONGEST_MS = 300_000;

export class CoolDowns {
  readonly #cooling = new Map<string, CoolDown>();
  readonly #nowMs: () => number;

  /** @param nowMs milliseconds on a clock that only goes forward */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  failed(model: string, failure: UpstreamFailure): void {
    this.#forgetOver();
    const { retryAfterSeconds } = failure;
    const ms = retryAfterSeconds === null ? GUESSED_MS : retryAfterSeconds * 1000;
    this.#cooling.set(model, { until: this.#nowMs() + Math.min(ms, LONGEST_MS), failure });
  }

  answered(model: string): void {
    this.#cooling.delete(model);
  }

  /**
   * `models` to ask: those that do not cool down, then those whose cool-down is only a guess. `coolingDown`: those
   * that said when to come back, with what they said; they are not asked before.
   */
  order(models: readonly string[]): { models: string[]; coolingDown: Failed[] } {
    this.#forgetOver();
    const coolDownOf = (model: string) => this.#cooling.get(model);
    const ready = models.filter((model) => !coolDownOf(model));
    const guessed = models.filter((model) => coolDownOf(model)?.failure.retryAfterSeconds === null);
    const coolingDown = models.flatMap((model) => {
      const { failure, until = 0 } = coolDownOf(model) ?? {};
      if (!failure || failure.retryAfterSeconds === null) return [];
      return { model, failure, seconds: Math.ceil((until - this.#nowMs()) / 1000) };
    });
    return { models: [...ready, ...guessed], coolingDown };
  }

  #forgetOver(): void {
    for (const [model, { until }] of this.#cooling) if (until <= this.#nowMs()) this.#cooling.delete(model);
  }
}
