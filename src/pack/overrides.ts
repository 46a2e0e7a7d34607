// overrides.json: what is to be otherwise than the document says. People write it; only a first import does, too.
import { z } from 'zod';
import { parseJson } from '../lib/json.ts';
import { fits } from '../openapi/find-operations.ts';
import type { Operation } from '../openapi/operation.ts';
import { CREDENTIAL_MODES } from '../protocol/credential.ts';
import { CommandLimit } from '../protocol/grant.ts';
import { LIMITS } from '../protocol/limits.ts';
import { packProblem } from './problem.ts';

const Change = z.strictObject({
  /** Noun and verb. */
  name: z.string().optional(),
  summary: z.string().optional(),
  scope: z.string().nullable().optional(),
  effect: z.enum(['read', 'write', 'destructive']).optional(),
  examples: z.array(z.string()).optional(),
  hide: z.boolean().optional(),
  /** As a pack's own command says them. */
  reads: z.enum(['public', 'private', 'untrusted']).optional(),
  limits: z.array(CommandLimit).max(LIMITS.limitsPerKey).optional(),
  approval: z.literal('ask').optional(),
});
export type Change = z.output<typeof Change>;

const Overrides = z.strictObject({
  /** Whose keys may call the commands: a shared credential stands for all of them. */
  accounts: z.enum(['operator', 'all']).default('operator'),
  /** Whose credential the calls show: that of the server, or what its callers have set or given. */
  credential: z.enum(CREDENTIAL_MODES).default('shared'),
  /** The platform is told account and task, in the headers Seed-Account and Seed-Task. */
  sendCaller: z.boolean().default(false),
  /** Deprecated operations are commands, too. */
  deprecated: z.boolean().default(false),
  /** Other nouns for those that the document gives; `*` stands for anything, and for the same in the new one. */
  nouns: z.record(z.string(), z.string()).default({}),
  /** By operation; `*` in a name stands for anything, and later ones go before earlier ones. */
  operations: z.record(z.string(), Change).default({}),
});
export type Overrides = z.output<typeof Overrides>;

/** @throws SeedError invalid_settings: not of this form, or about what the document does not have */
export function readOverrides(text: string, operations: readonly Operation[], file: string): Overrides {
  const broken = (cause: Error) => packProblem(file, `it is not JSON: ${cause.message}`, { cause });
  const read = Overrides.safeParse(parseJson(text, broken));
  if (!read.success) throw packProblem(file, z.prettifyError(read.error).replaceAll('\n', ' '));
  const nouns = [...new Set(operations.map(({ noun }) => noun))];
  const unknownNoun = Object.keys(read.data.nouns).find((noun) => !nouns.some((given) => fits(noun, given)));
  if (unknownNoun !== undefined) throw packProblem(file, `the document gives no noun "${unknownNoun}"`);
  const unknown = Object.keys(read.data.operations).find((name) => !operations.some(({ id }) => fits(name, id)));
  if (unknown !== undefined) throw packProblem(file, `the document has no operation "${unknown}"`);
  return read.data;
}

/** The operation's noun, or what is said in its place: the noun itself goes before `*`. */
export function nounOf({ nouns }: Overrides, { noun }: Operation): string {
  const own = Object.hasOwn(nouns, noun) ? nouns[noun] : undefined;
  if (own !== undefined) return own;
  const [pattern, given] =
    Object.entries(nouns).findLast(([each]) => each.includes('*') && fits(each, noun)) ?? [];
  if (pattern === undefined || given === undefined) return noun;
  const [before = '', after = ''] = pattern.split('*');
  return given.replace('*', noun.slice(before.length, noun.length - after.length));
}

/** All that is said about one operation. */
export function changeOf({ operations, deprecated }: Overrides, operation: Operation): Change {
  const said = Object.entries(operations).filter(([name]) => fits(name, operation.id));
  const hide = operation.deprecated === true && !deprecated;
  return Object.assign({ hide }, ...said.map(([, change]) => change));
}
