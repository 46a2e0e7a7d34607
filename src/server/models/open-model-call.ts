// One call of a model as it is recorded: begun before the upstream is asked, ended exactly once, whatever came of it.
import type { Prices } from '../../lib/money.ts';
import type { ModelCall } from '../spending/call-usage.ts';
import type { CallMeter } from './call-meter.ts';

interface OpenModelCall {
  /** The first outcome that is told counts. */
  failed(code: string): void;
  /** Settles it by what its meter knows. Later calls do nothing. */
  end(): Promise<void>;
}

/** @param record must not reject */
export function openModelCall(
  model: string,
  { meter, prices, signal }: { meter: CallMeter; prices: Prices; signal: AbortSignal },
  record: (call: ModelCall) => Promise<void>,
): OpenModelCall {
  const startedAt = performance.now();
  let failure: string | null = null;
  let ending: Promise<void> | null = null;
  return {
    failed(code) {
      failure ??= code;
    },
    end() {
      ending ??= record({
        askedModel: model,
        answeredModel: meter.answeredModel,
        ...meter.cost(prices, model),
        durationMs: Math.round(performance.now() - startedAt),
        outcome: signal.aborted ? 'cancelled' : (failure ?? 'ok'),
      });
      return ending;
    },
  };
}
