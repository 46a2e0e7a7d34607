// What models cost: prices.json beside this file, or the operator's own list, read when a server starts. Prices
// that upstreams tell are among all else that is known of a model (known/).
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseJson } from '../../lib/json.ts';
import { PriceFile, type Prices } from '../../lib/money.ts';
import { SeedError } from '../../protocol/errors.ts';
import { SCRIPTED_MODEL } from '../../protocol/model.ts';

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
  const parsed = PriceFile.safeParse(parseJson(text, (cause) => refuse('is not JSON', cause)));
  if (!parsed.success) return refuse(`is not sound: ${z.prettifyError(parsed.error)}`);
  return { ...parsed.data, models: { ...FREE, ...parsed.data.models } };
}
