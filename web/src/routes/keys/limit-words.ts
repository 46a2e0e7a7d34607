// A limit in words: which calls it is about, what they have to be like, how much they may come to, and what
// becomes of those that do not fit. What there are no words for is told as JSON: nothing stays unsaid.
import { isRecord } from '../../../../src/lib/json.ts';
import type { ApprovalSetting, Limit, LoopSetting } from '../../../../src/protocol/grant.ts';
import { count, duration } from '../../format/readable.ts';

export interface LimitWords {
  /** `purchase-orders create`, or `every destructive command`. */
  about: string;
  /** What has to hold, a sentence each. */
  rules: string[];
  otherwise: string;
}

const SPANS: Record<Limit['per'], string> = { task: 'in a task', day: 'a day (UTC)', month: 'a month (UTC)' };

export function limitWords({
  scope,
  command,
  effects,
  input,
  sum,
  calls,
  per,
  else: otherwise,
}: Limit): LimitWords {
  const within = SPANS[per];
  const about =
    command ??
    (scope ? `all commands of ${scope}` : effects ? `every ${effects.join(' or ')} command` : 'every command');
  return {
    about,
    rules: [
      ...(input ? schemaRules('', input) : []),
      ...Object.entries(sum ?? {}).map(
        ([pointer, most]) => `${named(pointer)} comes to at most ${one(most)} ${within}`,
      ),
      ...(calls === undefined ? [] : [`at most ${calls === 1 ? 'one call' : `${count(calls)} calls`} ${within}`]),
    ],
    otherwise: otherwise === 'ask' ? 'else a person is asked' : 'else refused',
  };
}

/** What a key or task is asked for beside its limits, a sentence each. */
export function approvalWords(approval: ApprovalSetting | null, loop: LoopSetting | null): string[] {
  const asks = approval && [
    approval.effects ? `A person is asked for every ${approval.effects.join(' or ')} command` : null,
    `A task waits ${duration(approval.wait)} for people in all, and then ${approval.onExpiry === 'end' ? 'ends' : 'goes on without it'}`,
    approval.budget === 'ask' ? 'A task at its budget, or at a spend limit, asks for more' : null,
    approval.selfApprove ? 'The asking key itself may decide' : null,
  ];
  const loops: Record<LoopSetting, string> = {
    ask: 'The third same write of a task is asked for',
    warn: 'The third same write of a task is done with a warning',
    deny: 'The third same write of a task is refused',
  };
  return [...(asks ?? []), loop && loops[loop]].filter((line) => line !== null);
}

// A pointer's names from the inside out: `total of each of lines`, where * stands for each of a list.
function named(pointer: string): string {
  const parts = pointer.split('/').slice(1).map(unescaped);
  const words: string[] = [];
  for (const [at, part] of parts.entries()) {
    if (part === '*') continue;
    words.unshift(parts[at + 1] === '*' ? `each of ${part}` : part);
  }
  return words.length > 0 ? words.join(' of ') : pointer;
}

const unescaped = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~');

type Rule = (field: string, value: never) => string | null;

const one = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** By keyword of JSON Schema; null: there are no words for such a value. */
const RULES: Record<string, Rule> = {
  enum: (field, values: unknown[]) => `${field} is ${values.map(one).join(' or ')}`,
  const: (field, value: unknown) => `${field} is ${one(value)}`,
  type: (field, type: string | string[]) => `${field} is of type ${[type].flat().join(' or ')}`,
  minimum: (field, least: number) => `${field} is at least ${least}`,
  maximum: (field, most: number) => `${field} is at most ${most}`,
  exclusiveMinimum: (field, bound: number) => `${field} is more than ${bound}`,
  exclusiveMaximum: (field, bound: number) => `${field} is less than ${bound}`,
  multipleOf: (field, step: number) => `${field} is a multiple of ${step}`,
  pattern: (field, pattern: string) => `${field} matches ${pattern}`,
  minLength: (field, least: number) => `${field} has at least ${least} characters`,
  maxLength: (field, most: number) => `${field} has at most ${most} characters`,
  minItems: (field, least: number) => `${field} has at least ${least} entries`,
  maxItems: (field, most: number) => `${field} has at most ${most} entries`,
  required: (field, names: string[]) => `${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} given${of(field)}`,
};

/** What a schema is about that is no field's. */
const INPUT = 'the input';

const of = (field: string) => (field === '' || field === INPUT ? '' : ` in ${field}`);

function schemaRules(field: string, schema: Record<string, unknown>): string[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    if (keyword === 'properties' && isRecord(value)) {
      return Object.entries(value).flatMap(([name, inner]) =>
        innerRules(field === '' ? name : `${name} of ${field}`, inner),
      );
    }
    if (keyword === 'items' && isRecord(value)) return innerRules(`each of ${field}`, value);
    if (keyword === 'additionalProperties' && value === false) return [`nothing else is given${of(field)}`];
    const words = isFitting(keyword, value) ? RULES[keyword]?.(field || INPUT, value as never) : null;
    return [words ?? `${field || INPUT} fits ${JSON.stringify({ [keyword]: value })}`];
  });
}

function innerRules(field: string, schema: unknown): string[] {
  if (!isRecord(schema)) return [`${field} fits ${JSON.stringify(schema)}`];
  if (Object.keys(schema).length === 0) return [`${field} is given`];
  return schemaRules(field, schema);
}

/** Whether the value is of the kind that the keyword's words take. */
function isFitting(keyword: string, value: unknown): boolean {
  if (keyword === 'const') return true;
  if (keyword === 'enum') return Array.isArray(value);
  if (keyword === 'required') return Array.isArray(value) && value.length > 0;
  if (keyword === 'type') return typeof value === 'string' || Array.isArray(value);
  return keyword === 'pattern' ? typeof value === 'string' : typeof value === 'number';
}
