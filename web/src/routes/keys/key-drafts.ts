// What stands in the fields of forms about keys (limits, labels, expiry), what is wrong with it, what is sent.
import {
  KEY_LIMIT_NAMES,
  KEY_LIMITS,
  type KeyLimitName,
  type KeyLimits,
} from '../../../../src/protocol/key-limits.ts';
import { numberProblem } from '../../format/readable.ts';

export type LimitsDraft = Record<keyof KeyLimits, string>;
export type LimitsProblems = Record<keyof KeyLimits, string | null>;

/** Numbers between the lists, as the form has them. */
export const NAMES: readonly KeyLimitName[] = [
  'allowedCidrs',
  ...KEY_LIMIT_NAMES.filter((name) => KEY_LIMITS[name].kind !== 'list'),
  'allowedModels',
];

export const NO_LIMITS = Object.fromEntries(NAMES.map((name) => [name, ''])) as LimitsDraft;

export function limitsDraft(key: KeyLimits): LimitsDraft {
  return Object.fromEntries(
    NAMES.map((name) => [name, key[name] === null ? '' : [key[name]].flat().join(', ')]),
  ) as LimitsDraft;
}

/** What the fields say; null: not narrowed. */
export function limitsOf(draft: LimitsDraft): KeyLimits {
  return Object.fromEntries(NAMES.map((name) => [name, readLimit(name, draft[name])])) as KeyLimits;
}

/** Those that the fields say otherwise than the key has them. */
export function changedLimits(draft: LimitsDraft, key: KeyLimits): Partial<KeyLimits> {
  return Object.fromEntries(
    Object.entries(limitsOf(draft)).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(key[name as keyof KeyLimits]),
    ),
  );
}

export function limitsProblems(draft: LimitsDraft): LimitsProblems {
  return Object.fromEntries(NAMES.map((name) => [name, problemOf(name, draft[name])])) as LimitsProblems;
}

function readLimit(name: keyof KeyLimits, text: string): number | string[] | null {
  if (text.trim() === '') return null;
  return KEY_LIMITS[name].kind === 'list' ? itemsOf(text) : Number(text);
}

function itemsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

function problemOf(name: keyof KeyLimits, text: string): string | null {
  if (text.trim() === '') return null;
  const { kind, most } = KEY_LIMITS[name];
  if (kind === 'list') return itemsOf(text).length > most ? `At most ${most}.` : null;
  return numberProblem(Number(text), { min: kind === 'usd' ? 1e-6 : 1, max: most, isWhole: kind === 'count' });
}

export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

export function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    linesOf(text).map((line) => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
    }),
  );
}

/** @returns what is wrong with the text; null: it can be read */
export function labelsProblem(text: string): string | null {
  const wrong = linesOf(text).find((line) => line.indexOf('=') < 1);
  return wrong === undefined ? null : `“${wrong}” is not name=value.`;
}

function linesOf(text: string): string[] {
  return text.split('\n').flatMap((line) => line.trim() || []);
}

/** How long a key works: a span from now, or until a day. */
export interface ExpiryDraft {
  /** What `expiresIn` takes; empty where nothing is said; `date` stands for the day beside it. */
  span: string;
  date: string;
}

export const NO_EXPIRY: ExpiryDraft = { span: '', date: '' };

export function expiryOf({ span, date }: ExpiryDraft): { expiresIn?: string; expiresAt?: string } {
  if (span === '') return {};
  return span === 'date' ? { expiresAt: `${date}T00:00:00.000Z` } : { expiresIn: span };
}

export function expiryProblem({ span, date }: ExpiryDraft, now: number): string | null {
  if (span !== 'date') return null;
  if (date === '') return 'Choose a day.';
  return Date.parse(date) > now ? null : 'Choose a day to come.';
}
