// The fallback list: asks one model after the other until one answers.
import { SeedError } from '../../protocol/errors.ts';
import type { ModelRests } from './cool-down.ts';
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
  rests: ModelRests,
  ask: (model: string, others: boolean) => Promise<Answer>,
): Promise<Answer> {
  const order = rests.order(models);
  const failed: Failed[] = order.resting;
  for (const [index, model] of order.models.entries()) {
    try {
      const answer = await ask(model, index < order.models.length - 1);
      rests.answered(model);
      return answer;
    } catch (error) {
      if (!(error instanceof UpstreamFailure) || error.blames === 'call') throw error;
      if (error.blames === 'model') rests.failed(model, error);
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
    more.length === 0
      ? message
      : failed.map(({ model, failure }) => `${model}: ${failure.message}`).join('; ');
  return new UpstreamFailure(text, { cause, ...(hint === null ? {} : { hint }), ...retryAfter });
}
