// What pages about keys share: the fields for how long a key works and what narrows it, and its secret, shown once.

import type { ReactNode } from 'react';
import { KEY_LIMITS, type KeyLimitName } from '../../../../src/protocol/key-limits.ts';
import { CodeBlock } from '../../ui/code.tsx';
import { Field, SelectField } from '../../ui/fields.tsx';
import { type ExpiryDraft, type LimitsDraft, type LimitsProblems, NAMES } from './key-drafts.ts';

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

interface NewSecretProps {
  title: string;
  secret: string;
  actions: ReactNode;
}

export function NewSecret({ title, secret, actions }: NewSecretProps) {
  return (
    <section aria-label={title} className="flex flex-col gap-3 rounded-lg border border-accent bg-accent-soft p-4">
      <h2 role="status" className="font-semibold">
        {title}
      </h2>
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
