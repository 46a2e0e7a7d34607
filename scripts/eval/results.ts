// The results of an eval as a file: kept after every run, so that an interrupted eval goes on where it was.
import { rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { readIfThere } from '../../src/lib/read-if-there.ts';
import { SeedError } from '../../src/protocol/errors.ts';

const Count = z.number().int().nonnegative();

const RunSchema = z.object({
  task: z.string(),
  kind: z.string(),
  model: z.string(),
  /** From 1, of this task and model. */
  number: Count,
  /** What was wrong; empty: it was right. */
  problems: z.array(z.string()),
  taskId: z.string(),
  status: z.string(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  calls: Count,
  inputTokens: Count,
  outputTokens: Count,
  /** Input tokens of the first call of the model that had an answer; null: none had. */
  firstRequestTokens: Count.nullable(),
  costUsd: z.number().nonnegative(),
  costSource: z.string(),
  durationMs: z.number().nonnegative(),
  answer: z.string().nullable(),
  /** What was said and called, cut. */
  transcript: z.array(z.string()),
});
export type Run = z.infer<typeof RunSchema>;

const Conditions = z.object({
  at: z.string(),
  upstream: z.string(),
  timeoutMs: Count,
  machine: z.string(),
  /** Environment variables about models, without secrets. */
  settings: z.record(z.string(), z.string()),
  /** What SEED_MODELS_FILE holds; null: it is not set. */
  modelsFile: z.string().nullable().default(null),
});
export type Conditions = z.infer<typeof Conditions>;

const ResultsSchema = z.object({
  version: z.literal(1),
  /** Of each start that added runs, the first one first. */
  conditions: z.array(Conditions),
  runs: z.array(RunSchema),
});
export type Results = z.infer<typeof ResultsSchema>;

/** @throws SeedError usage: there is no such file, or it holds something else */
export async function readResults(file: string): Promise<Results> {
  const results = await findResults(file);
  if (results) return results;
  throw new SeedError('usage', `there is no file ${file}`, { hint: 'npm run eval -- --out <file> writes one.' });
}

async function findResults(file: string): Promise<Results | null> {
  const text = await readIfThere(file);
  if (text === undefined) return null;
  try {
    return ResultsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SeedError('usage', `${file} holds no results of an eval`, {
      hint: 'Name another file, or move this one away.',
      cause,
    });
  }
}

/**
 * The results that the file holds, to go on with, or none yet.
 * @throws SeedError usage: they were measured with another upstream, timeout or settings, and nobody could say of
 * what the whole is
 */
export async function openResults(file: string, conditions: Conditions): Promise<Results> {
  const found = await findResults(file);
  if (!found) return { version: 1, conditions: [conditions], runs: [] };
  const last = found.conditions.at(-1);
  const same = ({ upstream, timeoutMs, settings, modelsFile }: Conditions) =>
    JSON.stringify([upstream, timeoutMs, settings, modelsFile]);
  if (last && same(last) !== same(conditions)) {
    throw new SeedError('usage', `${file} holds results of another upstream, timeout or settings`, {
      hint: 'Name another file with --out, or set what was set then.',
    });
  }
  return { ...found, conditions: [...found.conditions, conditions] };
}

/** All or nothing: whoever reads the file while an eval runs finds a whole one. */
export async function saveResults(file: string, results: Results): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(results, null, 2)}\n`);
  await rename(`${file}.new`, file);
}
