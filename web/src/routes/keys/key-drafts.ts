// What forms about keys hold as it stands in their fields, what is wrong with it, and what is sent for it: limits, labels, expiry.
import type { KeyLimits } from '../../../../src/protocol/key.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { type NumberBounds, numberProblem } from '../../format/numbers.ts';

export type LimitsDraft = Record<keyof KeyLimits, string>;
export type LimitsProblems = Record<keyof KeyLimits, string | null>;

/** Numbers with their bounds; the others are lists. */
const NUMBERS: { [Name in keyof KeyLimits]?: NumberBounds } = {
  requestsPerMinute: { min: 1, max: LIMITS.requestsPerMinuteMax, isWhole: true },
  concurrentTasks: { min: 1, max: LIMITS.concurrentTasksMax, isWhole: true },
  spendPerDay: { min: 1e-6, max: LIMITS.usdMax, isWhole: false },
  spendPerMonth: { min: 1e-6, max: LIMITS.usdMax, isWhole: false },
  tokensPerDay: { min: 1, max: LIMITS.tokensMax, isWhole: true },
};
const LISTS = { allowedCidrs: LIMITS.cidrsPerKey, allowedModels: LIMITS.modelsPerKey };

const NAMES: readonly (keyof KeyLimits)[] = [
  'allowedCidrs',
  'requestsPerMinute',
  'concurrentTasks',
  'spendPerDay',
  'spendPerMonth',
  'tokensPerDay',
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
  return NUMBERS[name] ? Number(text) : itemsOf(text);
}

function itemsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

function problemOf(name: keyof KeyLimits, text: string): string | null {
  if (text.trim() === '') return null;
  const bounds = NUMBERS[name];
  if (bounds) return numberProblem(Number(text), bounds);
  const most = LISTS[name as keyof typeof LISTS];
  return itemsOf(text).length > most ? `At most ${most}.` : null;
}

/** Labels as lines of a text: `name=value`. */
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
  /** A day such as `2027-01-31`. */
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
