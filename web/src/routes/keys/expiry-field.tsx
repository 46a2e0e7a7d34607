// How long a key works: a span from now, or a day.
import { Field } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';

export interface ExpiryDraft {
  /** As `expiresIn` takes it; empty: nothing is said; `date`: the day beside it. */
  span: string;
  /** `2027-01-31` */
  date: string;
}

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

export const NO_EXPIRY: ExpiryDraft = { span: '', date: '' };

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
          onChange={(event) => onChange({ ...draft, date: event.currentTarget.value })}
          error={error}
        />
      )}
    </div>
  );
}

export function expiryOf({ span, date }: ExpiryDraft): { expiresIn?: string; expiresAt?: string } {
  if (span === '') return {};
  return span === 'date' ? { expiresAt: `${date}T00:00:00.000Z` } : { expiresIn: span };
}

export function expiryProblem({ span, date }: ExpiryDraft, now: number): string | null {
  if (span !== 'date') return null;
  if (date === '') return 'Choose a day.';
  return Date.parse(date) > now ? null : 'Choose a day to come.';
}
