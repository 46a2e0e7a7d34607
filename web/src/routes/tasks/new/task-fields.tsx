// Fields of the form: files, time, budget, model, and what the sandbox has.
import { type DragEvent, useId, useRef, useState } from 'react';
import { LIMITS } from '../../../../../src/protocol/limits.ts';
import { useCommand, useSeed } from '../../../api/use-command.ts';
import { bytes } from '../../../format/readable.ts';
import { Button, IconButton } from '../../../ui/button.tsx';
import { classNames } from '../../../ui/class-names.ts';
import { Field, SelectField } from '../../../ui/fields.tsx';
import { Section } from '../../../ui/page-frame.tsx';
import type { Draft, Problems } from './draft.ts';
import { BUDGET_NAMES, NUMBER_FIELDS, type NumberName, RESOURCE_NAMES } from './search.ts';

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
      onChange={(text) => change({ numbers: { ...draft.numbers, [name]: text } })}
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
      <Section title="Budget" hint="The task ends when it has used one of them. Empty: not limited.">
        <div className="grid gap-4 sm:grid-cols-3">{BUDGET_NAMES.map((name) => field(name, 'No limit'))}</div>
      </Section>
      <details open={hasResources || undefined} className="group">
        <summary className="w-fit font-medium text-muted hover:text-ink">More: what the sandbox has</summary>
        <div className="mt-3 grid gap-4 sm:grid-cols-4">
          {RESOURCE_NAMES.map((name) => field(name, 'Default'))}
        </div>
      </details>
    </>
  );
}

/** The model: a choice where all are known, else a text with those known by name as suggestions. */
function ModelField({ value, onChange }: { value: string; onChange(model: string): void }) {
  const { may } = useSeed();
  const { data } = useCommand('models list', {}, { enabled: may('models list') });
  const id = useId();
  const models = data?.items ?? [];
  const first = models.find((model) => model.default)?.name;
  const fallback = first === undefined ? "The server's default" : `Default (${first})`;
  const isKnown = value === '' || models.some(({ name }) => name === value);
  if (data && !data.others && isKnown) {
    const options = [{ value: '', label: fallback }, ...models.map(({ name }) => ({ value: name, label: name }))];
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
        onChange={onChange}
      />
      <datalist id={id}>
        {models.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </div>
  );
}

interface FilesFieldProps {
  files: readonly File[];
  onChange(files: readonly File[]): void;
  problem: string | null;
}

/** Files that the agent finds in /workspace/in: dropped here or chosen. */
export function FilesField({ files, onChange, problem }: FilesFieldProps) {
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  /** One of the same name takes the place of the one before. */
  const add = (more: FileList | null) => {
    const added = [...(more ?? [])];
    onChange([...files.filter(({ name }) => !added.some((one) => one.name === name)), ...added]);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer.files);
  };
  return (
    <Section
      title="Files"
      hint={`The agent reads them in /workspace/in. At most ${LIMITS.filesPerTask} and ${bytes(LIMITS.fileBytesPerTask)} together; they are not part of the link.`}
    >
      <section
        aria-label="Drop files here"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        className={classNames(
          'flex flex-col gap-2 rounded-lg border border-dashed p-3',
          isOver ? 'border-accent bg-accent-soft' : 'border-control',
        )}
      >
        {files.length > 0 && (
          <Chosen files={files} onRemove={(gone) => onChange(files.filter((file) => file !== gone))} />
        )}
        <div className="flex items-center gap-3">
          <Button icon="plus" onClick={() => input.current?.click()}>
            Choose files
          </Button>
          <span className="text-sm text-muted">or drop them here</span>
          <input
            ref={input}
            type="file"
            multiple
            hidden
            aria-label="Files"
            onChange={(event) => {
              add(event.currentTarget.files);
              event.currentTarget.value = '';
            }}
          />
        </div>
      </section>
      {problem && (
        <p role="alert" className="text-sm text-bad">
          {problem}
        </p>
      )}
    </Section>
  );
}

function Chosen({ files, onRemove }: { files: readonly File[]; onRemove(file: File): void }) {
  return (
    <ul className="divide-y divide-line rounded-md border border-line bg-surface">
      {files.map((file) => (
        <li key={file.name} className="flex items-center gap-3 py-0.5 pr-1 pl-3">
          <span className="min-w-0 flex-1 truncate font-mono text-sm">{file.name}</span>
          <span className="text-sm text-muted tabular-nums">{bytes(file.size)}</span>
          <IconButton label={`Remove ${file.name}`} icon="close" onClick={() => onRemove(file)} />
        </li>
      ))}
    </ul>
  );
}
