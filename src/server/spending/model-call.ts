// One call of a model, as it is metered.
import type { CallCost } from './call-usage.ts';

export interface ModelCall extends CallCost {
  askedModel: string;
  /** Null: the upstream did not say, or did not answer. */
  answeredModel: string | null;
  durationMs: number;
  /** `ok`, `cancelled` or the code of the error it ended with. */
  outcome: string;
}
