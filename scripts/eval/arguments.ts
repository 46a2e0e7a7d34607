// The command line of `npm run eval`.
import { parseArgs } from 'node:util';
import { SeedError } from '../../src/protocol/errors.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { EvalTask } from './task.ts';
import { chooseTasks } from './tasks.ts';

export const HELP = `Measures how well a model does work in Seed: instructions over the example packs, each judged by the ledger
and the database. Starts a Seed of its own in a throw-away folder; every run has an account with the same rows.

  npm run eval -- --base-url http://127.0.0.1:8080/v1 --model qwen3-8b       all tasks, once
  npm run eval -- --model qwen3-8b --runs 5 --out qwen.json                  five times; goes on where it was
  npm run eval -- --only one-command,crm-renewal --model qwen3-8b            some tasks, by name or kind
  npm run eval -- --model small,large --runs 3                               two models, beside each other
  npm run eval -- --model qwen3-8b --out after.json --against before.json    beside what was measured before
  npm run eval -- --list                                                     which tasks there are

  --base-url <url>    of an OpenAI-compatible service, up to and with /v1; its key is in SEED_LLM_API_KEY.
                      Omitted: SEED_LLM_BASE_URL, or OpenRouter with OPENROUTER_API_KEY, or "scripted"
  --model <names>     with commas; omitted: the default model
  --runs <number>     of each task, 1 to 100; default 1
  --only <names>      with commas, tasks or kinds: one-command, several-steps, refusal, injection, brief
  --timeout <ms>      that a task may take, up to ${LIMITS.timeoutMaxMs}; default ${LIMITS.timeoutDefaultMs}
  --at-once <number>  how many tasks run side by side; default 1
  --out <file>        the results as JSON, written after every run; default eval.json in the data folder
  --against <file>    such a file, to compare with

Settings of models (docs/models.md) are read from the environment, as by npm start. Ctrl-C ends it and keeps
what was measured; the same command goes on from there.
`;

export interface EvalArguments {
  help: boolean;
  list: boolean;
  baseUrl: string | undefined;
  models: readonly string[];
  runs: number;
  tasks: readonly EvalTask[];
  timeoutMs: number;
  atOnce: number;
  out: string | undefined;
  against: string | undefined;
}

/** @throws SeedError usage */
export function readArguments(args: readonly string[]): EvalArguments {
  const values = parse(args);
  const list = (text: string | undefined) => (text ?? '').split(',').flatMap((part) => part.trim() || []);
  return {
    help: values.help,
    list: values.list,
    baseUrl: values['base-url'],
    models: [...new Set(list(values.model))],
    runs: whole('--runs', values.runs, 1, 100),
    tasks: chooseTasks(list(values.only)),
    timeoutMs: whole('--timeout', values.timeout, LIMITS.timeoutMinMs, LIMITS.timeoutMaxMs),
    atOnce: whole('--at-once', values['at-once'], 1, 50),
    out: values.out,
    against: values.against,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        list: { type: 'boolean', default: false },
        'base-url': { type: 'string' },
        model: { type: 'string' },
        runs: { type: 'string', default: '1' },
        only: { type: 'string' },
        timeout: { type: 'string', default: String(LIMITS.timeoutDefaultMs) },
        'at-once': { type: 'string', default: '1' },
        out: { type: 'string' },
        against: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new SeedError('usage', (error as Error).message, { hint: 'npm run eval -- --help shows examples.' });
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new SeedError('usage', `${name} is a whole number from ${least} to ${most}`);
}
