// Revoking cannot be undone: the name of the key is asked for.
import { type FormEvent, useState } from 'react';
import type { Key } from '../../../../src/protocol/key.ts';
import { useSeed } from '../../api/seed-context.ts';
import { useAction } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { isAsked } from './last-key.ts';

export function RevokeDialog({ apiKey: { id, name }, onClose }: { apiKey: Key; onClose(): void }) {
  const { key: own } = useSeed();
  const [typed, setTyped] = useState('');
  const revoking = useAction('keys revoke');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim() !== name || revoking.isPending) return;
    const onSuccess = () => {
      toast(`“${name}” is revoked`);
      onClose();
    };
    revoking.mutate({ id, yes: isAsked(revoking.error) }, { onSuccess });
  };
  return (
    <Dialog title={`Revoke “${name}”?`} open onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-4 px-6 py-4">
        <p>
          Calls with it are refused from then on, and so are those of its running tasks. This cannot be
          undone.
        </p>
        {id === own.id && (
          <p className="rounded-lg bg-warn-soft p-3 text-warn">
            You are signed in with this key: you are signed out at once.
          </p>
        )}
        <Field
          label={`Type ${name} to go on`}
          autoComplete="off"
          spellCheck={false}
          autoFocus
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {revoking.isError && <ErrorNotice error={revoking.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="danger" disabled={typed.trim() !== name} busy={revoking.isPending}>
            {isAsked(revoking.error) ? 'Revoke it all the same' : 'Revoke the key'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
