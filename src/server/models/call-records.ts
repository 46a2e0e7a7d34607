// One call of a model as it is recorded: begun before the upstream is asked, ended exactly once, whatever came of
// it, and written, some at a time. Called by the gateway.
import type { Prices } from '../../lib/money.ts';
import { createSlots } from '../../lib/slots.ts';
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

export interface LlmLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type RecordCall = (taskId: string, call: ModelCall, reservation: string) => Promise<void>;

export interface CallRecords {
  /** Never rejects: the answer has been paid for, and losing it as well would help nobody. */
  record(taskId: string, call: ModelCall, write: () => Promise<void>): Promise<void>;
  /** Resolves when every call that has ended is recorded. */
  allRecorded(): Promise<void>;
}

/** When many calls end at once, their records must not take all of the server's connections to its database. */
const AT_A_TIME = 8;

export function createCallRecords(log: LlmLog): CallRecords {
  const slots = createSlots(AT_A_TIME);
  const unrecorded = new Set<Promise<void>>();
  const withoutCost = new Set<string>();

  const writeInTurn = async (taskId: string, call: ModelCall, write: () => Promise<void>) => {
    const leave = await slots.enter();
    try {
      await write();
    } catch (error) {
      log.error({ taskId, ...call, err: error }, 'a call of a model could not be recorded');
    } finally {
      leave();
    }
  };

  return {
    record(taskId, call, write) {
      const { askedModel: model, outcome, unpriced } = call;
      if (outcome === 'ok' && unpriced && !withoutCost.has(model)) {
        withoutCost.add(model);
        log.warn({ taskId, model }, 'what this model costs is not known: see docs/models.md on prices');
      }
      const recorded = writeInTurn(taskId, call, write).finally(() => unrecorded.delete(recorded));
      unrecorded.add(recorded);
      return recorded;
    },
    async allRecorded() {
      while (unrecorded.size > 0) await Promise.all(unrecorded);
    },
  };
}
