// The form of a template's parameters, made from their schema, with the instruction that it fills.
import type { Parameter, Template } from '../../../../../src/protocol/template.ts';
import { Button } from '../../../ui/button.tsx';
import { Field, SelectField, TextAreaField } from '../../../ui/fields.tsx';
import { Section } from '../../../ui/page-frame.tsx';

interface TemplateFieldsProps {
  template: Template;
  values: Readonly<Record<string, string>>;
  onChange(values: Record<string, string>): void;
  /** What is wrong, by parameter. */
  problems: Readonly<Record<string, string>>;
  /** Gives the instruction back as text that can be changed. */
  onLeave(): void;
}

export function TemplateFields({ template, values, onChange, problems, onLeave }: TemplateFieldsProps) {
  const { title, description, instruction, parameters } = template;
  const required = parameters?.required ?? [];
  return (
    <Section title={title} hint={description || undefined}>
      <div className="flex flex-col gap-4">
        {Object.entries(parameters?.properties ?? {}).map(([name, parameter]) => (
          <ParameterField
            key={name}
            name={name}
            parameter={parameter}
            value={values[name] ?? ''}
            onChange={(text) => onChange({ ...values, [name]: text })}
            error={problems[name] ?? null}
            required={required.includes(name) && parameter.default === undefined}
          />
        ))}
        <p className="rounded-md border border-line bg-surface p-3 text-sm whitespace-pre-wrap">{instruction}</p>
        <div>
          <Button onClick={onLeave}>Write the instruction yourself</Button>
        </div>
      </div>
    </Section>
  );
}

interface ParameterFieldProps {
  name: string;
  parameter: Parameter;
  value: string;
  onChange(text: string): void;
  error: string | null;
  required: boolean;
}

/** Longer texts get an area. */
const LINE = 200;

function ParameterField({ name, parameter, required, ...control }: ParameterFieldProps) {
  const { type, title = name, description, enum: choices, format, maxLength = 0, default: fallback } = parameter;
  const labels = { label: title, hint: hintOf(parameter, description) };
  const placeholder = fallback === undefined ? '' : String(fallback);
  const words = type === 'boolean' ? ['true', 'false'] : choices?.map(String);
  if (words) {
    const none = { value: '', label: placeholder === '' ? 'None' : `Default (${placeholder})` };
    const options = words.map((value) => ({ value, label: value }));
    return (
      <SelectField
        {...labels}
        {...control}
        options={required ? [{ value: '', label: 'Choose' }, ...options] : [none, ...options]}
      />
    );
  }
  if (maxLength > LINE)
    return <TextAreaField {...labels} {...control} rows={4} required={required} placeholder={placeholder} />;
  const isNumber = type === 'integer' || type === 'number';
  return (
    <Field
      {...labels}
      {...control}
      {...(format === 'date' && { type: 'date' })}
      {...(isNumber && { inputMode: type === 'integer' ? 'numeric' : 'decimal' })}
      autoComplete="off"
      placeholder={placeholder}
      required={required}
    />
  );
}

function hintOf(
  { type, minimum, maximum, items }: Parameter,
  description: string | undefined,
): string | undefined {
  const choices = items?.enum ? `: ${items.enum.join(', ')}` : '';
  const list = type === 'array' ? `Several, with commas between them${choices}.` : '';
  const from = minimum === undefined ? '' : `at least ${minimum}`;
  const to = maximum === undefined ? '' : `at most ${maximum}`;
  const bounds = [from, to].filter(Boolean).join(', ');
  const parts = [description, list, bounds && `${bounds[0]?.toUpperCase()}${bounds.slice(1)}.`];
  return parts.filter(Boolean).join(' ') || undefined;
}

/** As they are sent: what was left empty is not. Numbers and truth values are told as text. */
export function parametersOf(
  { parameters }: Pick<Template, 'parameters'>,
  values: Readonly<Record<string, string>>,
): Record<string, string | string[]> {
  const given = Object.entries(values).filter(([, text]) => text.trim() !== '');
  const sent = given.map(([name, text]) => {
    if (parameters?.properties[name]?.type !== 'array') return [name, text] as const;
    return [
      name,
      text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    ] as const;
  });
  return Object.fromEntries(sent);
}

/** What is missing, by parameter. */
export function parameterProblems(
  { parameters }: Pick<Template, 'parameters'>,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  const missing = (parameters?.required ?? []).filter(
    (name) => (values[name] ?? '').trim() === '' && parameters?.properties[name]?.default === undefined,
  );
  return Object.fromEntries(missing.map((name) => [name, 'This is needed.']));
}
