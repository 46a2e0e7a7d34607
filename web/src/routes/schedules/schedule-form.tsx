// The forms of schedules: what a task is to do, and when. One is made, or one that there is changed.
import { useState } from 'react';
import type { Schedule } from '../../../../src/protocol/schedule.ts';
import { useAction } from '../../api/use-command.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { Field, SelectField, TextAreaField } from '../../ui/fields.tsx';
import { toastThen } from '../../ui/toast.tsx';

const OVERLAPS = [
  { value: 'skip', label: 'leave this one out' },
  { value: 'queue', label: 'start it when that one ends' },
  { value: 'stop', label: 'stop that one' },
];
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

const NEW = {
  ...{ name: '', instruction: '', scopes: '' },
  ...{ cron: '0 7 * * MON-FRI', timezone: HERE, overlap: 'skip' },
};
type Values = typeof NEW;
type Overlap = 'skip' | 'queue' | 'stop';

const scopesIn = (text: string) => text.split(/[\s,]+/).filter(Boolean);

export function CreateSchedule({ onClose }: { onClose(): void }) {
  const create = useAction('schedules create');
  const [values, setValues] = useState(NEW);
  const onSubmit = () => {
    const { name, cron, timezone, instruction } = values;
    const scopes = scopesIn(values.scopes);
    const task = { instruction, ...(scopes.length > 0 && { scopes }) };
    create.mutate(
      { name, cron, timezone, overlap: values.overlap as Overlap, task },
      { onSuccess: toastThen('The schedule is made', onClose) },
    );
  };
  return (
    <FormDialog
      title="New schedule"
      submit="Create the schedule"
      action={create}
      onClose={onClose}
      onSubmit={onSubmit}
    >
      <Fields values={values} onChange={setValues} isTask isRepeated />
    </FormDialog>
  );
}

/** Only what is changed is sent: all else of the task, and of the schedule, stays as it is. */
export function EditSchedule({ schedule, onClose }: { schedule: Schedule; onClose(): void }) {
  const update = useAction('schedules update');
  const { id, name, cron, timezone, overlap, task } = schedule;
  const scopes = Array.isArray(task?.['scopes']) ? task['scopes'].join(' ') : '';
  const before = {
    name,
    instruction: String(task?.['instruction'] ?? ''),
    scopes,
    cron: cron ?? '',
    timezone,
    overlap,
  };
  const [values, setValues] = useState<Values>(before);
  const changed = (field: keyof Values) => values[field] !== before[field];
  const onSubmit = () => {
    const { scopes: _, ...others } = task ?? {};
    const wanted = scopesIn(values.scopes);
    const changes = {
      ...(changed('name') && { name: values.name }),
      ...(changed('cron') && { cron: values.cron }),
      ...(changed('timezone') && { timezone: values.timezone }),
      ...(changed('overlap') && { overlap: values.overlap as Overlap }),
      ...((changed('instruction') || changed('scopes')) && {
        task: { ...others, instruction: values.instruction, ...(wanted.length > 0 && { scopes: wanted }) },
      }),
    };
    if (Object.keys(changes).length === 0) return onClose();
    update.mutate({ id, ...changes }, { onSuccess: toastThen('The schedule is changed', onClose) });
  };
  return (
    <FormDialog
      title="Edit the schedule"
      submit="Save the changes"
      action={update}
      onClose={onClose}
      onSubmit={onSubmit}
    >
      <Fields values={values} onChange={setValues} isTask={task !== null} isRepeated={cron !== null} />
      <p className="text-sm text-muted">From then on it runs with the authority of your key.</p>
    </FormDialog>
  );
}

interface FieldsProps {
  values: Values;
  onChange(values: Values): void;
  /** It starts a task, and calls no other command. */
  isTask: boolean;
  /** It has a pattern, and no one time. */
  isRepeated: boolean;
}

function Fields({ values, onChange, isTask, isRepeated }: FieldsProps) {
  const set = (change: Partial<Values>) => onChange({ ...values, ...change });
  return (
    <>
      <Field
        label="Name"
        required
        autoFocus
        maxLength={100}
        autoComplete="off"
        value={values.name}
        onChange={(name) => set({ name })}
      />
      {isTask && (
        <>
          <TextAreaField
            label="Instruction"
            hint="What the task is to do, in plain language"
            required
            rows={3}
            value={values.instruction}
            onChange={(instruction) => set({ instruction })}
          />
          <Field
            label="Scopes"
            hint="Such as keys:read; empty: all that your key has"
            autoComplete="off"
            value={values.scopes}
            onChange={(scopes) => set({ scopes })}
          />
        </>
      )}
      {isRepeated && (
        <Field
          label="When"
          hint="Minute, hour, day of month, month, day of week; or @hourly, @daily"
          required
          autoComplete="off"
          className="font-mono"
          value={values.cron}
          onChange={(cron) => set({ cron })}
        />
      )}
      <Field
        label="Time zone"
        hint="Where its clocks are changed: a time that is skipped comes right after, one that comes twice counts once"
        required
        autoComplete="off"
        value={values.timezone}
        onChange={(timezone) => set({ timezone })}
      />
      <SelectField
        label="When the one before still runs"
        value={values.overlap}
        options={OVERLAPS}
        onChange={(overlap) => set({ overlap })}
      />
    </>
  );
}
