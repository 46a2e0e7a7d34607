// One call of a model as it is metered: begun before the upstream is asked, ended exactly once, whatever came of it.
import { modelCost, type Prices } from '../../core/cost.ts';
import type { ModelCall } from '../../core/model-call.ts';
import type { TokenUsage } from './usage.ts';

interface OpenModelCall {
  /** The first outcome that is told counts. */
  failed(code: string): void;
  /** Null: the upstream gave no usage, and nothing is known to have been used. Later calls do nothing. */
  end(usage: TokenUsage | null): Promise<void>;
}

const NOTHING: TokenUsage = {
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  costUsd: null,
  model: null,
};

/** @param record must not reject */
export function openModelCall(
  model: string,
  prices: Prices,
  signal: AbortSignal,
  record: (call: ModelCall) => Promise<void>,
): OpenModelCall {
  const startedAt = performance.now();
  let failure: string | null = null;
  let ending: Promise<void> | null = null;
  return {
    failed(code) {
      failure ??= code;
    },
    end(usage) {
      const { costUsd, model: answeredModel, ...tokens } = usage ?? NOTHING;
      const { nanoUsd, source } = modelCost(prices, model, tokens, costUsd);
      ending ??= record({
        askedModel: model,
        answeredModel,
        ...tokens,
        costNanoUsd: nanoUsd,
        costSource: usage === null ? 'unknown' : source,
        durationMs: Math.round(performance.now() - startedAt),
        outcome: signal.aborted ? 'cancelled' : (failure ?? 'ok'),
      });
      return ending;
    },
  };
}
