// A new secret for the same key; the one before works as well for a while.
import { type FormEvent, useState } from 'react';
import type { Key } from '../../../../src/protocol/key.ts';
import { useSeed } from '../../api/seed-context.ts';
import { useAction } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { ErrorNotice } from '../../ui/states.tsx';
import { ExpiryField, expiryOf, expiryProblem, NO_EXPIRY } from './expiry-field.tsx';
import { isAsked } from './last-key.ts';

const GRACES = [
  { value: '0m', label: 'Not at all' },
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
];

interface RotateDialogProps {
  apiKey: Key;
  onClose(): void;
  onRotated(secret: string): void;
}

export function RotateDialog({ apiKey: { id, name }, onClose, onRotated }: RotateDialogProps) {
  const { key: own } = useSeed();
  const [grace, setGrace] = useState('24h');
  const [expiry, setExpiry] = useState(NO_EXPIRY);
  const rotating = useAction('keys rotate');
  const problem = expiryProblem(expiry, Date.now());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (problem !== null || rotating.isPending) return;
    const input = { id, grace, ...expiryOf(expiry), yes: isAsked(rotating.error) };
    rotating.mutate(input, { onSuccess: ({ secret }) => onRotated(secret) });
  };
  return (
    <Dialog title={`Rotate “${name}”`} open onClose={onClose}>
      <form noValidate onSubmit={submit} className="flex flex-col gap-4 px-6 py-4">
        <p>The key stays what it is and gets a new secret, which is shown once.</p>
        <SelectField
          label="How long the present secret works as well"
          value={grace}
          onChange={setGrace}
          options={GRACES}
        />
        <ExpiryField
          draft={expiry}
          onChange={setExpiry}
          unsaid="As long as it was given last time"
          error={problem}
        />
        {id === own.id && (
          <p className="rounded-lg bg-warn-soft p-3 text-warn">
            You are signed in with this key: your session ends with its present secret.
          </p>
        )}
        {rotating.isError && <ErrorNotice error={rotating.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={rotating.isPending}>
            {isAsked(rotating.error) ? 'Rotate it all the same' : 'Rotate the key'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
