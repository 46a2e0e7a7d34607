// overrides.json: what is to be otherwise than the document says. People write it; only a first import does, too.
import { z } from 'zod';
import { parseJson } from '../lib/json.ts';
import type { Operation } from '../openapi/operation.ts';
import { CREDENTIAL_MODES } from '../protocol/credential.ts';
import { packProblem } from './problem.ts';

const Change = z.strictObject({
  /** Noun and verb. */
  name: z.string().optional(),
  summary: z.string().optional(),
  scope: z.string().nullable().optional(),
  effect: z.enum(['read', 'write', 'destructive']).optional(),
  examples: z.array(z.string()).optional(),
  hide: z.boolean().optional(),
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
  /** Other nouns for those that the document gives. */
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
  const nouns = new Set(operations.map(({ noun }) => noun));
  const unknownNoun = Object.keys(read.data.nouns).find((noun) => !nouns.has(noun));
  if (unknownNoun !== undefined) throw packProblem(file, `the document gives no noun "${unknownNoun}"`);
  const unknown = Object.keys(read.data.operations).find((name) => !operations.some(({ id }) => fits(name, id)));
  if (unknown !== undefined) throw packProblem(file, `the document has no operation "${unknown}"`);
  return read.data;
}

/** All that is said about one operation. */
export function changeOf({ operations, deprecated }: Overrides, operation: Operation): Change {
  const said = Object.entries(operations).filter(([name]) => fits(name, operation.id));
  const hide = operation.deprecated === true && !deprecated;
  return Object.assign({ hide }, ...said.map(([, change]) => change));
}

function fits(pattern: string, id: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  if (others.length === 0) return pattern === id;
  const last = others.pop() ?? '';
  if (!id.startsWith(first) || !id.endsWith(last) || id.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of others) {
    const found = id.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= id.length - last.length;
}
