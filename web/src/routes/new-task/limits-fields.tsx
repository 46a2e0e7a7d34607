// How long the task may take, what it may use, with which model; what its sandbox has stands under "more".
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { Field } from '../../ui/field.tsx';
import type { Draft, Problems } from './draft.ts';
import { FormSection } from './form-section.tsx';
import { ModelField } from './model-field.tsx';
import { BUDGET_NAMES, NUMBER_FIELDS, type NumberName, RESOURCE_NAMES } from './number-fields.ts';

interface LimitsFieldsProps {
  draft: Draft;
  change(change: Partial<Draft>): void;
  problems: Problems['numbers'];
}

export function LimitsFields({ draft, change, problems }: LimitsFieldsProps) {
  const field = (name: NumberName, placeholder: string) => (
    <Field
      key={name}
      label={NUMBER_FIELDS[name].label}
      inputMode={NUMBER_FIELDS[name].isWhole ? 'numeric' : 'decimal'}
      autoComplete="off"
      placeholder={placeholder}
      value={draft.numbers[name]}
      onChange={(event) => change({ numbers: { ...draft.numbers, [name]: event.currentTarget.value } })}
      error={problems[name]}
    />
  );
  const hasResources = RESOURCE_NAMES.some((name) => draft.numbers[name] !== '');
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        {field('timeout', String(LIMITS.timeoutDefaultMs / 1000))}
        <ModelField value={draft.model} onChange={(model) => change({ model })} />
      </div>
      <FormSection title="Budget" hint="The task ends when it has used one of them. Empty: not limited.">
        <div className="grid gap-4 sm:grid-cols-3">{BUDGET_NAMES.map((name) => field(name, 'No limit'))}</div>
      </FormSection>
      <details open={hasResources || undefined} className="group">
        <summary className="w-fit font-medium text-muted hover:text-ink">More: what the sandbox has</summary>
        <div className="mt-3 grid gap-4 sm:grid-cols-4">
          {RESOURCE_NAMES.map((name) => field(name, 'Default'))}
        </div>
      </details>
    </>
  );
}
