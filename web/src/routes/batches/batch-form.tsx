// The form of a new batch: what to do with each row, and the file that has them.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useSeed } from '../../api/use-command.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { Field, TextAreaField } from '../../ui/fields.tsx';
import { toastThen } from '../../ui/toast.tsx';

export function CreateBatch({ onClose }: { onClose(): void }) {
  const seed = useSeed();
  const queryClient = useQueryClient();
  const file = useRef<HTMLInputElement>(null);
  const [values, setValues] = useState({ instruction: '', scopes: '', concurrency: '5', usd: '' });
  const set = (change: Partial<typeof values>) => setValues({ ...values, ...change });
  const create = useMutation({
    mutationFn: () => {
      const { instruction, concurrency, usd } = values;
      const scopes = values.scopes.split(/[\s,]+/).filter(Boolean);
      const input = {
        instruction,
        concurrency: Number(concurrency),
        ...(scopes.length > 0 && { scopes }),
        ...(usd !== '' && { budget: { usd: Number(usd) } }),
      };
      return seed.call('tasks batch', input, { files: [...(file.current?.files ?? [])] });
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['batches list'] }),
  });
  const onSubmit = () => create.mutate(undefined, { onSuccess: toastThen('The batch is made', onClose) });
  return (
    <FormDialog title="New batch" submit="Start the batch" action={create} onClose={onClose} onSubmit={onSubmit}>
      <TextAreaField
        label="Instruction"
        hint="What to do with each row; {{name}} is what it has in that column"
        required
        autoFocus
        rows={3}
        value={values.instruction}
        onChange={(instruction) => set({ instruction })}
      />
      <Field
        label="File"
        hint="CSV in UTF-8 whose first line names the columns, or JSON lines"
        type="file"
        accept=".csv,.tsv,.jsonl,.ndjson"
        required
        ref={file}
      />
      <Field
        label="Scopes"
        hint="Such as keys:read; empty: all that your key has"
        autoComplete="off"
        value={values.scopes}
        onChange={(scopes) => set({ scopes })}
      />
      <Field
        label="At a time"
        hint="Tasks that may be unfinished at a time"
        type="number"
        min={1}
        max={50}
        required
        value={values.concurrency}
        onChange={(concurrency) => set({ concurrency })}
      />
      <Field
        label="Budget"
        hint="US dollars for all rows together; empty: not limited"
        type="number"
        min={0}
        step="any"
        value={values.usd}
        onChange={(usd) => set({ usd })}
      />
    </FormDialog>
  );
}
