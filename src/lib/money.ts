// What things cost. Amounts are billionths of a US dollar: whole numbers, which add up exactly.
import { z } from 'zod';
import type { Usage } from '../protocol/resources.ts';

const Amount = z.number().nonnegative();

/** US dollars per million tokens. `cached`: of input read from a cache. */
export const Price = z.strictObject({ input: Amount, output: Amount, cached: Amount.optional() });
export type Price = z.infer<typeof Price>;

/** US dollars. */
export const PriceFile = z.strictObject({
  /** By the name of the model as tasks name it. */
  models: z.record(z.string(), Price),
  /** Per second of a processor that was busy, and per second of a GiB that the sandbox may use. */
  compute: z.strictObject({ vcpuSecond: Amount, gbSecond: Amount }),
});
export interface Prices extends z.infer<typeof PriceFile> {
  /** Of a model that the list does not have; null: it is not known. */
  otherwise?(model: string): Price | null;
}

/** What a model costs per million tokens; null: it is not known. */
export function priceOf({ models, otherwise }: Pick<Prices, 'models' | 'otherwise'>, model: string): Price | null {
  const listed = Object.hasOwn(models, model) ? models[model] : undefined;
  return listed ?? otherwise?.(model) ?? null;
}

export interface TokenCounts {
  inputTokens: number;
  outputTokens: number;
  /** Parts of the two above. */
  cachedTokens: number;
  reasoningTokens: number;
}

/** @param upstreamUsd what the upstream says it took */
export function modelCost(
  prices: Pick<Prices, 'models' | 'otherwise'>,
  model: string,
  tokens: TokenCounts,
  upstreamUsd: number | null,
): { nanoUsd: number; source: 'upstream' | 'prices' | 'unknown' } {
  if (upstreamUsd !== null) return { nanoUsd: toNano(upstreamUsd), source: 'upstream' };
  const price = priceOf(prices, model);
  if (price === null) return { nanoUsd: 0, source: 'unknown' };
  const { inputTokens, outputTokens } = tokens;
  const cachedTokens = Math.min(tokens.cachedTokens, inputTokens);
  const input = (inputTokens - cachedTokens) * price.input + cachedTokens * (price.cached ?? price.input);
  return { nanoUsd: toNano((input + outputTokens * price.output) / 1_000_000), source: 'prices' };
}

export interface Compute {
  vcpuSeconds: number;
  gbSeconds: number;
  nanoUsd: number;
}

/** @param memoryMb what the sandbox might use, whether it did or not */
export function computeCost({ compute }: Prices, { cpuSeconds, wallMs }: Usage, memoryMb: number): Compute {
  const gbSeconds = (memoryMb / 1024) * (wallMs / 1000);
  const usd = cpuSeconds * compute.vcpuSecond + gbSeconds * compute.gbSecond;
  return { vcpuSeconds: cpuSeconds, gbSeconds, nanoUsd: toNano(usd) };
}

export function toNano(usd: number): number {
  return Math.round(usd * 1e9);
}

export function usdOf(nanoUsd: number): number {
  return nanoUsd / 1e9;
}
