// Hands each ended call of a model on to be recorded, some at a time, and knows which are still to be.

import { createSlots } from '../../lib/slots.ts';
import type { ModelCall } from '../spending/call-usage.ts';

export interface LlmLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type RecordCall = (taskId: string, call: ModelCall, reservation: string) => Promise<void>;

export interface CallRecords {
  /** Never rejects: the answer has been paid for, and losing it as well would help nobody. */
  record: RecordCall;
  /** Resolves when every call that has ended is recorded. */
  allRecorded(): Promise<void>;
}

/** When many calls end at once, their records must not take all of the server's connections to its database. */
const AT_A_TIME = 8;

export function createCallRecords(recordCall: RecordCall, log: LlmLog): CallRecords {
  const slots = createSlots(AT_A_TIME);
  const unrecorded = new Set<Promise<void>>();
  const withoutCost = new Set<string>();

  const write: RecordCall = async (taskId, call, reservation) => {
    const leave = await slots.enter();
    try {
      await recordCall(taskId, call, reservation);
    } catch (error) {
      log.error({ taskId, ...call, err: error }, 'a call of a model could not be recorded');
    } finally {
      leave();
    }
  };

  return {
    record(taskId, call, reservation) {
      const { askedModel: model, outcome, unpriced } = call;
      if (outcome === 'ok' && unpriced && !withoutCost.has(model)) {
        withoutCost.add(model);
        log.warn({ taskId, model }, 'what this model costs is not known: see docs/models.md on prices');
      }
      const recorded = write(taskId, call, reservation).finally(() => unrecorded.delete(recorded));
      unrecorded.add(recorded);
      return recorded;
    },
    async allRecorded() {
      while (unrecorded.size > 0) await Promise.all(unrecorded);
    },
  };
}
