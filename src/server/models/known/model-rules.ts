// Files that tell of models by patterns of their names: the operator's own (SEED_MODELS_FILE) and models.json
// beside this file, which tells of well-known families. Read when a server starts.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseJson } from '../../../lib/json.ts';
import { namePattern } from '../../../lib/name-pattern.ts';
import { SeedError } from '../../../protocol/errors.ts';
import { ModelFacts } from '../model-profile.ts';
import { mergeFacts } from './merge-facts.ts';

const OWN = new URL('./models.json', import.meta.url);

const Pattern = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text.split('*').length <= 10, 'has more than nine stars');
const ModelsFile = z.strictObject({ models: z.record(Pattern, ModelFacts) });

/** Models whose patterns are looked for once: each call of a model asks. */
const REMEMBERED_MOST = 1_000;

/** What a file says of a model: of all patterns that fit, the first that says a thing counts. */
export type Rules = (model: string) => ModelFacts;

/** @param path SEED_MODELS_FILE; null: there is none. @throws SeedError invalid_settings */
export async function readModelsFile(path: string | null): Promise<Rules> {
  return path === null ? () => ({}) : await readRules(path, path);
}

/** What is known of families of models, from their vendors. */
export function readKeptTable(): Promise<Rules> {
  return readRules(OWN, OWN.pathname);
}

async function readRules(file: string | URL, shown: string): Promise<Rules> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new SeedError('invalid_settings', `the file of models ${shown} ${why}`, {
      hint: 'SEED_MODELS_FILE names it; see docs/models.md for its form.',
      cause,
    });
  };
  const text = await readFile(file, 'utf8').catch((error) => refuse(`cannot be read: ${error.message}`));
  const parsed = ModelsFile.safeParse(parseJson(text, (cause) => refuse('is not JSON', cause)));
  if (!parsed.success) return refuse(`is not sound: ${z.prettifyError(parsed.error)}`);
  const rules = Object.entries(parsed.data.models).map(([pattern, facts]) => ({ fits: namedBy(pattern), facts }));
  const known = new Map<string, ModelFacts>();
  return (model) => {
    const before = known.get(model);
    if (before) return before;
    const facts = mergeFacts(rules.filter(({ fits }) => fits(model)).map(({ facts }) => facts));
    if (known.size < REMEMBERED_MOST) known.set(model, facts);
    return facts;
  };
}

/** A pattern without a slash is about the name behind the last one, too: who serves a model does not change it. */
function namedBy(pattern: string): (model: string) => boolean {
  const fits = namePattern(pattern);
  if (pattern.includes('/')) return fits;
  return (model) => fits(model) || fits(model.slice(model.lastIndexOf('/') + 1));
}
