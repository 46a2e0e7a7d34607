// The model: a choice where all are known, else a text with those known by name as suggestions.
import { useId } from 'react';
import { useSeed } from '../../api/seed-context.ts';
import { useCommand } from '../../api/use-command.ts';
import { Field } from '../../ui/field.tsx';
import { SelectField } from '../../ui/select-field.tsx';

export function ModelField({ value, onChange }: { value: string; onChange(model: string): void }) {
  const { may } = useSeed();
  const { data } = useCommand('models list', {}, { enabled: may('models list') });
  const id = useId();
  const models = data?.items ?? [];
  const first = models.find((model) => model.default)?.name;
  const fallback = first === undefined ? "The server's default" : `Default (${first})`;
  const isKnown = value === '' || models.some(({ name }) => name === value);
  if (data && !data.others && isKnown) {
    const options = [
      { value: '', label: fallback },
      ...models.map(({ name }) => ({ value: name, label: name })),
    ];
    return <SelectField label="Model" value={value} onChange={onChange} options={options} />;
  }
  return (
    <div>
      <Field
        label="Model"
        autoComplete="off"
        spellCheck={false}
        placeholder={fallback}
        list={id}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <datalist id={id}>
        {models.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </div>
  );
}
