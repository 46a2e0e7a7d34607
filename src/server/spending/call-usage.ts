// What a call of a model used and cost: no call that the upstream may have served is free. Pure.
//
// What an upstream says counts where it can be: every request has input, whoever wrote something has output. What
// it did not say, or not to its answer's end, is estimated: input by the request, output by what came of it.
import { modelCost, type Prices, type TokenCounts, toNano } from '../../lib/money.ts';
import type { CostSource } from '../../protocol/cost-source.ts';

/** What an upstream said; null: nothing, or nothing that can be. */
export interface ToldUsage {
  inputTokens: number | null;
  outputTokens: number | null;
  /** Both together, where only that was said. */
  totalTokens: number | null;
  /** Parts of the first two. */
  cachedTokens: number;
  reasoningTokens: number;
  costUsd: number | null;
}

export interface CallFacts {
  told: ToldUsage;
  /** Requests that the upstream may have served: an earlier one is lost without a word when it is tried again. */
  requests: number;
  /** Whether the answer came to its end: until then what was told may grow. */
  finished: boolean;
  /** Estimates: of what was written, and of one request. */
  output: number;
  input(): number;
}

export interface CallCost extends TokenCounts {
  costNanoUsd: number;
  costSource: CostSource;
  /** No price is known, and it counts as nothing. */
  unpriced: boolean;
}

export interface ModelCall extends CallCost {
  askedModel: string;
  /** Null: the upstream did not say, or did not answer. */
  answeredModel: string | null;
  durationMs: number;
  /** `ok`, `cancelled` or the code of the error it ended with. */
  outcome: string;
}

export const NOTHING_TOLD: ToldUsage = {
  inputTokens: null,
  outputTokens: null,
  totalTokens: null,
  cachedTokens: 0,
  reasoningTokens: 0,
  costUsd: null,
};

const FREE: CallCost = {
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  costNanoUsd: 0,
  costSource: 'none',
  unpriced: false,
};

/** Later words replace earlier ones; a zero says nothing against what was more. */
export function mergeTold(earlier: ToldUsage, later: ToldUsage): ToldUsage {
  return {
    inputTokens: later.inputTokens || (earlier.inputTokens ?? later.inputTokens),
    outputTokens: later.outputTokens || (earlier.outputTokens ?? later.outputTokens),
    totalTokens: later.totalTokens || (earlier.totalTokens ?? later.totalTokens),
    cachedTokens: later.cachedTokens || earlier.cachedTokens,
    reasoningTokens: later.reasoningTokens || earlier.reasoningTokens,
    costUsd: later.costUsd || (earlier.costUsd ?? later.costUsd),
  };
}

/**
 * What was told, its total shared out where nothing else was said: as much of it is output as is estimated, and
 * one token of it at the least is input.
 */
export function shareOut(told: ToldUsage, output: number): ToldUsage {
  const { inputTokens, outputTokens, totalTokens } = told;
  if (inputTokens || outputTokens || !totalTokens) return told;
  const written = Math.min(output, totalTokens - 1);
  return { ...told, inputTokens: totalTokens - written, outputTokens: written };
}

export function callCost(prices: Prices, model: string, known: CallFacts): CallCost {
  const told = shareOut(known.told, known.output);
  const isShared = told !== known.told;
  const facts = { ...known, told };
  const { requests, finished } = known;
  if (requests === 0 && !(told.inputTokens || told.outputTokens || told.costUsd)) return FREE;
  const input = inputOf(facts);
  const output = outputOf(facts);
  const lost = requests > 1 ? (requests - 1) * facts.input() : 0;
  const { cachedTokens, reasoningTokens } = told;
  const tokens = { inputTokens: input.tokens + lost, outputTokens: output.tokens, cachedTokens, reasoningTokens };
  const exact = input.exact && output.exact && lost === 0 && !isShared;
  if (exact || (finished && told.costUsd !== null && told.costUsd > 0 && lost === 0)) {
    const { nanoUsd, source } = modelCost(prices, model, tokens, told.costUsd);
    return { ...tokens, costNanoUsd: nanoUsd, costSource: source, unpriced: source === 'unknown' };
  }
  const listed = modelCost(prices, model, tokens, null);
  const said = toNano(told.costUsd ?? 0);
  return {
    ...tokens,
    costNanoUsd: Math.max(listed.nanoUsd, said),
    costSource: 'estimated',
    unpriced: listed.source === 'unknown' && said === 0,
  };
}

function inputOf({ told, requests, input }: CallFacts) {
  if (told.inputTokens) return { tokens: told.inputTokens, exact: true };
  // An upstream that refused the request and tells what that took has told all.
  return requests === 0 ? { tokens: 0, exact: true } : { tokens: input(), exact: false };
}

function outputOf({ told, requests, finished, output }: CallFacts) {
  const said = told.outputTokens ?? 0;
  const exact = requests === 0 || (finished && told.outputTokens !== null && (said > 0 || output === 0));
  return { tokens: exact ? said : Math.max(said, output), exact };
}
