// One call of a model, as it is metered.
import type { CostSource, TokenCounts } from './cost.ts';

export interface ModelCall extends TokenCounts {
  askedModel: string;
  /** Null: the upstream did not say, or did not answer. */
  answeredModel: string | null;
  costNanoUsd: number;
  costSource: CostSource;
  durationMs: number;
  /** `ok`, `cancelled` or the code of the error it ended with. */
  outcome: string;
}
