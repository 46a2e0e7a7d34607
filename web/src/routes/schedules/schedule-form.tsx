// The form of a new schedule: what a task is to do, and when.
import { useState } from 'react';
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

export function CreateSchedule({ onClose }: { onClose(): void }) {
  const create = useAction('schedules create');
  const [values, setValues] = useState({
    ...{ name: '', instruction: '', scopes: '' },
    ...{ cron: '0 7 * * MON-FRI', timezone: HERE, overlap: 'skip' },
  });
  const set = (change: Partial<typeof values>) => setValues({ ...values, ...change });
  const onSubmit = () => {
    const { name, cron, timezone, instruction } = values;
    const scopes = values.scopes.split(/[\s,]+/).filter(Boolean);
    const overlap = values.overlap as 'skip' | 'queue' | 'stop';
    const task = { instruction, ...(scopes.length > 0 && { scopes }) };
    create.mutate(
      { name, cron, timezone, overlap, task },
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
      <Field
        label="Name"
        required
        autoFocus
        maxLength={100}
        autoComplete="off"
        value={values.name}
        onChange={(name) => set({ name })}
      />
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
      <Field
        label="When"
        hint="Minute, hour, day of month, month, day of week; or @hourly, @daily"
        required
        autoComplete="off"
        className="font-mono"
        value={values.cron}
        onChange={(cron) => set({ cron })}
      />
      <Field
        label="Time zone"
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
    </FormDialog>
  );
}
