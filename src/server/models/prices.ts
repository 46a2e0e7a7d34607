// What models cost: prices.json beside this file, or the operator's own list, and OpenRouter's, read when a server
// starts. That one tells what a call cost only at its end: a call that is cut off before is estimated by its list.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseJson } from '../../lib/json.ts';
import { Prices } from '../../lib/money.ts';
import { SeedError } from '../../protocol/errors.ts';
import { SCRIPTED_MODEL } from '../../protocol/model.ts';
import type { LlmLog } from './call-records.ts';
import { createCallSignal, readText } from './call-signal.ts';
import type { Upstream } from './upstream.ts';
import { parseObject } from './upstream-failure.ts';

const OWN = new URL('./prices.json', import.meta.url);

/** `scripted` costs nothing where a list leaves it out. */
const FREE = { [SCRIPTED_MODEL]: { input: 0, output: 0 } };

/** @param path SEED_PRICES_FILE; null: Seed's own. @throws SeedError invalid_settings */
export async function readPrices(path: string | null): Promise<Prices> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new SeedError('invalid_settings', `the price list ${path ?? OWN.pathname} ${why}`, {
      hint: 'See docs/models.md for its form.',
      cause,
    });
  };
  const text = await readFile(path ?? OWN, 'utf8').catch((error) => refuse(`cannot be read: ${error.message}`));
  const parsed = Prices.safeParse(parseJson(text, (cause) => refuse('is not JSON', cause)));
  if (!parsed.success) return refuse(`is not sound: ${z.prettifyError(parsed.error)}`);
  return { ...parsed.data, models: { ...FREE, ...parsed.data.models } };
}

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

/** Per million tokens, by model; empty for other upstreams. Never rejects: the server starts without it, too. */
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
