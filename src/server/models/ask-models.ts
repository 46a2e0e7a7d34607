// The fallback list: asks one model after the other until one answers, those that are well before those that have
// just failed; and when none does, waits for the one that is back first. Called by the gateway.
import { SeedError } from '../../protocol/errors.ts';
import type { HealthOfModels } from './model-health.ts';
import { UpstreamFailure } from './upstream-failure.ts';

interface Failed {
  model: string;
  failure: UpstreamFailure;
  /** Until it can be asked again, where it said so. */
  restMs: number | null;
}

export interface Asking {
  /** Whether another model would be asked next: then this one may not be silent for as long. */
  others: boolean;
  /** Whether to wait until it can answer: no other is left, or none is back sooner. */
  patient: boolean;
  /** What the model answered, when the call has to wait for it first. */
  after: UpstreamFailure | null;
}

interface AskModels<Answer> {
  models: readonly string[];
  health: HealthOfModels;
  /** Asks one model. */
  ask(model: string, asking: Asking): Promise<Answer>;
  /** Whether there is time to wait for a model that failed so. */
  wouldWait(failure: UpstreamFailure): boolean;
}

/**
 * @returns the first answer
 * @throws what `ask` threw, as soon as no other model could do better; an UpstreamFailure when none is left
 */
export async function askModels<Answer>({ models, health, ask, wouldWait }: AskModels<Answer>): Promise<Answer> {
  const failed = new Map<string, Failed>();
  /** The answer in a list of one; an empty list when it failed and another may do better. */
  const tryOne = async (model: string, asking: Asking): Promise<[Answer] | []> => {
    try {
      const answer = await ask(model, asking);
      health.answered(model);
      return [answer];
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      if (error.blames === 'call') throw error;
      if (error.blames === 'model') health.failed(model, error);
      failed.set(model, { model, failure: error, restMs: error.retryAfterMs });
      return [];
    }
  };

  const patient = models.length === 1;
  /** Those whose rest is only a guess, or that another call tries: asked all the same when no other answers. */
  const doubtful: string[] = [];
  let asked = 0;
  for (const [index, model] of models.entries()) {
    const named = health.namedRest(model);
    const leave = named === null ? health.admit(model) : null;
    if (named !== null) failed.set(model, named);
    else if (leave === null) doubtful.push(model);
    else {
      asked += 1;
      const others = index < models.length - 1 || doubtful.length > 0;
      const [answer] = await tryOne(model, { others, patient, after: null }).finally(leave);
      if (answer !== undefined) return answer;
    }
  }
  for (const [index, model] of doubtful.entries()) {
    asked += 1;
    const [answer] = await tryOne(model, { others: index < doubtful.length - 1, patient, after: null });
    if (answer !== undefined) return answer;
  }
  // One that was asked alone was waited for already.
  const next = patient && asked > 0 ? null : firstBack([...failed.values()], wouldWait);
  if (next !== null) {
    const [answer] = await tryOne(next.model, { others: false, patient: true, after: next.failure });
    if (answer !== undefined) return answer;
  }
  throw noneAnswered(models.flatMap((model) => failed.get(model) ?? []));
}

/** The failure of the one that is back first, with the time that is left of what it named. */
function firstBack(failed: readonly Failed[], wouldWait: (failure: UpstreamFailure) => boolean): Failed | null {
  const open = failed
    .map((one) => (one.restMs === null ? one : { ...one, failure: one.failure.in(one.restMs) }))
    .filter(({ failure }) => wouldWait(failure));
  const soonest = open.sort((one, other) => (one.restMs ?? 0) - (other.restMs ?? 0));
  return soonest[0] ?? null;
}

function noneAnswered(failed: readonly Failed[]): SeedError {
  const [only, ...more] = failed;
  if (!only) return new SeedError('unknown_model', 'none of the models of this task is served any more');
  const times = failed.flatMap((one) => one.restMs ?? []);
  const retryAfter = times.length === 0 ? {} : { retryAfterSeconds: Math.min(...times) / 1000 };
  const { message, hint, cause } = only.failure;
  const text =
    more.length === 0 ? message : failed.map(({ model, failure }) => `${model}: ${failure.message}`).join('; ');
  const isForGood = failed.every(({ failure }) => failure.code === 'llm_refused');
  const code = isForGood ? 'llm_refused' : 'llm_unavailable';
  return new UpstreamFailure(text, { code, cause, ...(hint === null ? {} : { hint }), ...retryAfter });
}
