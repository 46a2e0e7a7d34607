// The fields of what narrows a key. Empty ones do not narrow it.
import { Field } from '../../ui/field.tsx';
import type { LimitsDraft, LimitsProblems } from './limits-draft.ts';

interface LimitsFieldsProps {
  draft: LimitsDraft;
  problems: LimitsProblems;
  onChange(draft: LimitsDraft): void;
}

const FIELDS: readonly {
  name: keyof LimitsDraft;
  label: string;
  hint?: string;
  placeholder?: string;
  wide?: true;
}[] = [
  {
    name: 'allowedCidrs',
    label: 'Addresses it may be used from',
    hint: 'With commas. Calls of its tasks are not held to them.',
    placeholder: '10.0.0.0/8, 2001:db8::/32',
    wide: true,
  },
  { name: 'requestsPerMinute', label: 'Requests a minute' },
  { name: 'concurrentTasks', label: 'Tasks at a time' },
  { name: 'spendPerDay', label: 'US dollars a day' },
  { name: 'spendPerMonth', label: 'US dollars a month' },
  { name: 'tokensPerDay', label: 'Tokens a day' },
  { name: 'allowedModels', label: 'Models', hint: 'With commas', placeholder: 'Any' },
];

export function LimitsFields({ draft, problems, onChange }: LimitsFieldsProps) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {FIELDS.map(({ name, label, hint, placeholder = 'No limit', wide }) => (
        <Field
          key={name}
          label={label}
          hint={hint}
          placeholder={placeholder}
          autoComplete="off"
          spellCheck={false}
          value={draft[name]}
          onChange={(event) => onChange({ ...draft, [name]: event.currentTarget.value })}
          error={problems[name]}
          {...(wide && { className: 'sm:col-span-2' })}
        />
      ))}
    </div>
  );
}
