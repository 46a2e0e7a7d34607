// What forms about keys share: fields for limits and expiry, what is wrong in them, what is sent; the new secret.
import type { ReactNode } from 'react';
import {
  KEY_LIMIT_NAMES,
  KEY_LIMITS,
  type KeyLimitName,
  type KeyLimits,
} from '../../../../src/protocol/key-limits.ts';
import { numberProblem } from '../../format/readable.ts';
import { CodeBlock } from '../../ui/code.tsx';
import { Field, SelectField } from '../../ui/fields.tsx';

interface ExpiryFieldProps {
  draft: ExpiryDraft;
  onChange(draft: ExpiryDraft): void;
  /** What happens when nothing is said. */
  unsaid: string;
  error: string | null;
}

const SPANS = [
  { value: '1d', label: '1 day' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
  { value: '365d', label: '1 year' },
  { value: 'never', label: 'Never expires' },
  { value: 'date', label: 'Until a day …' },
];

export function ExpiryField({ draft, onChange, unsaid, error }: ExpiryFieldProps) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <SelectField
        label="Expiry"
        value={draft.span}
        onChange={(span) => onChange({ ...draft, span })}
        options={[{ value: '', label: unsaid }, ...SPANS]}
      />
      {draft.span === 'date' && (
        <Field
          label="Day"
          type="date"
          hint="Until its beginning in UTC"
          value={draft.date}
          onChange={(text) => onChange({ ...draft, date: text })}
          error={error}
        />
      )}
    </div>
  );
}

interface LimitsFieldsProps {
  draft: LimitsDraft;
  problems: LimitsProblems;
  onChange(draft: LimitsDraft): void;
}

const LISTS: {
  [Name in KeyLimitName]?: { label?: string; hint: string; placeholder: string; className?: string };
} = {
  allowedCidrs: {
    label: 'Addresses it may be used from',
    hint: 'With commas. Calls of its tasks are not held to them.',
    placeholder: '10.0.0.0/8, 2001:db8::/32',
    className: 'sm:col-span-2',
  },
  allowedModels: { hint: 'With commas', placeholder: 'Any' },
  models: {
    hint: 'Of tasks that name none. With commas: each is asked when those before it cannot answer.',
    placeholder: 'Those of the account',
  },
  approvesScopes: {
    hint: 'Of a key with approvals:write. With commas',
    placeholder: 'Calls of any scope',
    className: 'sm:col-span-2',
  },
};

export function LimitsFields({ draft, problems, onChange }: LimitsFieldsProps) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {NAMES.map((name) => (
        <Field
          key={name}
          label={KEY_LIMITS[name].label}
          placeholder="No limit"
          autoComplete="off"
          spellCheck={false}
          value={draft[name]}
          onChange={(text) => onChange({ ...draft, [name]: text })}
          error={problems[name]}
          {...LISTS[name]}
        />
      ))}
    </div>
  );
}

export function NewSecret({ title, secret, actions }: { title: string; secret: string; actions: ReactNode }) {
  return (
    <section aria-label={title} className="flex flex-col gap-3 rounded-lg border border-accent bg-accent-soft p-4">
      <div role="status">
        <h2 className="font-semibold">{title}</h2>
      </div>
      <p>
        <strong className="font-semibold">Copy it now: you will not see it again.</strong> Seed keeps only its
        hash.
      </p>
      <CodeBlock text={secret} label="Copy the secret" className="bg-surface" />
      <p className="text-muted">
        Set it as <code className="font-mono text-sm text-ink">SEED_API_KEY</code>, or give it to{' '}
        <code className="font-mono text-sm text-ink">seed login</code>.
      </p>
      <div className="flex flex-wrap gap-2">{actions}</div>
    </section>
  );
}

export type LimitsDraft = Record<keyof KeyLimits, string>;
export type LimitsProblems = Record<keyof KeyLimits, string | null>;

/** Numbers between the lists, as the form has them. */
export const NAMES: readonly KeyLimitName[] = [
  'allowedCidrs',
  ...KEY_LIMIT_NAMES.filter((name) => KEY_LIMITS[name].kind !== 'list'),
  'allowedModels',
  'models',
  'approvesScopes',
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
