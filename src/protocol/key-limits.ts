// What narrows a key beyond its scopes, a row a limit: schema, columns, inheritance and the dashboard's fields are
// made from it. Free of dependencies: the dashboard uses it.
import { LIMITS } from './limits.ts';

interface KeyLimit {
  /** `usd`: US dollars, to a billionth. */
  kind: 'count' | 'usd' | 'list';
  /** The greatest number, or the most items. */
  most: number;
  /** For a form or a table: two or three words. */
  label: string;
  /** For the documentation of the API. */
  description: string;
  /** No bound, but what is taken where nothing is said: a key may be given another than the key in use has. */
  isChoice?: true;
  /** Of a list's items: how long they may be, and examples. */
  items?: { length: number; examples: readonly string[] };
}

export const KEY_LIMITS = {
  allowedCidrs: {
    kind: 'list',
    most: LIMITS.cidrsPerKey,
    label: 'Addresses',
    description: 'Addresses it may be used from, such as 10.0.0.0/8 or 2001:db8::/32',
    items: { length: 50, examples: ['10.0.0.0/8', '2001:db8::/32', '127.0.0.1'] },
  },
  approvesScopes: {
    kind: 'list',
    most: LIMITS.scopesPerRequest,
    label: 'Approves',
    description: 'Scopes whose calls it may decide on, where it has approvals:write; null: all',
    items: { length: 100, examples: ['keys:write'] },
  },
  requestsPerMinute: {
    kind: 'count',
    most: LIMITS.requestsPerMinuteMax,
    label: 'Requests a minute',
    description: 'Requests a minute to one server, those of its tasks included',
  },
  concurrentTasks: {
    kind: 'count',
    most: LIMITS.concurrentTasksMax,
    label: 'Tasks at a time',
    description: 'Tasks that may be queued or running at a time',
  },
  allowedModels: {
    kind: 'list',
    most: LIMITS.modelsPerKey,
    label: 'Models',
    description: 'Models that its tasks may use',
    items: { length: 200, examples: ['scripted'] },
  },
  models: {
    kind: 'list',
    most: LIMITS.llmModels,
    label: 'Models by default',
    description:
      'Models of its tasks that name none, in the order in which they are asked: each when those before it cannot answer; null: those of the account',
    isChoice: true,
    items: { length: 200, examples: ['scripted'] },
  },
  spendPerDay: {
    kind: 'usd',
    most: LIMITS.usdMax,
    label: 'US dollars a day',
    description: 'US dollars that its tasks may cost in a UTC day',
  },
  spendPerMonth: {
    kind: 'usd',
    most: LIMITS.usdMax,
    label: 'US dollars a month',
    description: 'US dollars that its tasks may cost in a UTC month',
  },
  tokensPerDay: {
    kind: 'count',
    most: LIMITS.tokensMax,
    label: 'Tokens a day',
    description: 'Tokens that its tasks may use in a UTC day',
  },
} as const satisfies Record<string, KeyLimit>;

export type KeyLimitName = keyof typeof KEY_LIMITS;
type ValueOf<Kind extends KeyLimit['kind']> = Kind extends 'list' ? string[] : number;

/** Null: not narrowed. */
export type KeyLimits = { [Name in KeyLimitName]: ValueOf<(typeof KEY_LIMITS)[Name]['kind']> | null };

/** Some of them; what is undefined is not spoken of. */
export type SomeKeyLimits = { [Name in KeyLimitName]?: KeyLimits[Name] | undefined };

export const KEY_LIMIT_NAMES = Object.keys(KEY_LIMITS) as KeyLimitName[];

/** Those that bound what a key, and all that comes from it, may do. */
export const KEY_BOUND_NAMES = KEY_LIMIT_NAMES.filter((name) => !(KEY_LIMITS[name] as KeyLimit).isChoice);

/** Those on what the key's tasks use, and the span in UTC in which each is counted anew. */
export const SPEND_LIMIT_SPANS = {
  spendPerDay: 'day',
  spendPerMonth: 'month',
  tokensPerDay: 'day',
} as const satisfies Partial<Record<KeyLimitName, 'day' | 'month'>>;

export type SpendLimit = keyof typeof SPEND_LIMIT_SPANS;
export const SPEND_LIMIT_NAMES = Object.keys(SPEND_LIMIT_SPANS) as SpendLimit[];

/** Calls back for each limit; the answers by their names. */
export function eachKeyLimit<Value>(make: (name: KeyLimitName, limit: KeyLimit) => Value) {
  const made = KEY_LIMIT_NAMES.map((name) => [name, make(name, KEY_LIMITS[name])] as const);
  return Object.fromEntries(made) as Record<KeyLimitName, Value>;
}
