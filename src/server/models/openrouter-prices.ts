// OpenRouter's own price list, read when a server starts. It tells what a call cost only at its end: one that is cut off before is
// estimated by this list, as far as the operator's own does not have the model.
import { z } from 'zod';
import type { Prices } from '../../lib/money.ts';
import type { LlmLog } from './call-records.ts';
import { createCallSignal } from './call-signal.ts';
import { readText } from './read-text.ts';
import type { Upstream } from './upstream.ts';
import { parseObject } from './upstream-failure.ts';

const WITHIN_MS = 3_000;
const MOST_BYTES = 16 * 1024 * 1024;

/** US dollars a token, as text; less than nothing where it depends on which model answers. */
const PerToken = z
  .string()
  .transform((text) => Number(text) * 1_000_000)
  .pipe(z.number().nonnegative());
const Listed = z.object({
  id: z.string(),
  pricing: z.object({
    prompt: PerToken,
    completion: PerToken,
    input_cache_read: PerToken.optional().catch(undefined),
  }),
});
const List = z.object({ data: z.array(Listed.nullable().catch(null)) });

/** Per million tokens, by model; empty for other upstreams. Never rejects: without the list the server starts all the same. */
export async function readOpenRouterPrices(
  upstream: Upstream | null,
  log: LlmLog,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<Prices['models']> {
  if (!upstream?.openRouter) return {};
  const call = createCallSignal(new AbortController().signal, WITHIN_MS, WITHIN_MS);
  try {
    const response = await fetch(`${upstream.baseUrl}/models`, { redirect: 'error', signal: call.signal });
    const { text } = await readText(response, { call, maxBytes: MOST_BYTES, idleMs: WITHIN_MS });
    const { data } = List.parse(parseObject(text));
    const prices = data.flatMap((listed) => {
      if (listed === null) return [];
      const { prompt: input, completion: output, input_cache_read: cached } = listed.pricing;
      return [[listed.id, { input, output, ...(cached !== undefined && { cached }) }] as const];
    });
    return Object.fromEntries(prices);
  } catch (error) {
    log.warn(
      { err: error },
      "OpenRouter's prices could not be read: calls that are cut off cost nothing, unless SEED_PRICES_FILE has their model",
    );
    return {};
  } finally {
    call.close();
  }
}
