// What can be done with a key, each in its dialog. What would take the account its last admin key is asked for twice.
import { type FormEvent, useState } from 'react';
import type { Key } from '../../../../src/protocol/key.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import type { CommandInput } from '../../api/commands.ts';
import { AnswerError } from '../../api/request.ts';
import { useAction, useSeed } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Checkbox, Field, SelectField, TextAreaField } from '../../ui/fields.tsx';
import { ErrorNotice } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import {
  changedLimits,
  labelsOf,
  labelsProblem,
  labelsText,
  limitsDraft,
  limitsProblems,
} from './key-drafts.ts';
import { ExpiryField, expiryOf, expiryProblem, LimitsFields, NO_EXPIRY } from './key-fields.tsx';

export function EditDialog({ apiKey, onClose }: { apiKey: Key; onClose(): void }) {
  const [name, setName] = useState(apiKey.name);
  const [limits, setLimits] = useState(limitsDraft(apiKey));
  const [labels, setLabels] = useState(labelsText(apiKey.metadata));
  const [isLasting, setLasting] = useState(apiKey.tasksMayCreateLastingKeys);
  const updating = useAction('keys update');
  const problems = {
    name: name.trim() === '' ? 'Say what the key is for.' : null,
    labels: labelsProblem(labels),
    ...limitsProblems(limits),
  };
  const changes: Omit<CommandInput<'keys update'>, 'id'> = {
    ...(name.trim() !== apiKey.name && { name: name.trim() }),
    ...(labels !== labelsText(apiKey.metadata) && { metadata: labelsOf(labels) }),
    ...(isLasting !== apiKey.tasksMayCreateLastingKeys && { tasksMayCreateLastingKeys: isLasting }),
    ...changedLimits(limits, apiKey),
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (updating.isPending || Object.values(problems).some((problem) => problem !== null)) return;
    if (Object.keys(changes).length === 0) return onClose();
    const onSuccess = () => {
      toast('The key is changed');
      onClose();
    };
    updating.mutate({ id: apiKey.id, ...changes, yes: isAsked(updating.error) }, { onSuccess });
  };
  return (
    <Dialog title={`Edit “${apiKey.name}”`} open onClose={onClose}>
      <form noValidate onSubmit={submit} className="flex flex-col gap-4 px-6 py-4">
        <Field
          label="Name"
          autoComplete="off"
          maxLength={LIMITS.nameLength}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={problems.name}
        />
        <LimitsFields draft={limits} problems={problems} onChange={setLimits} />
        <TextAreaField
          label="Labels"
          hint="One a line: name=value"
          rows={3}
          spellCheck={false}
          value={labels}
          onChange={setLabels}
          error={problems.labels}
        />
        <Checkbox checked={isLasting} onChange={setLasting}>
          Keys that its tasks create may outlive the task
        </Checkbox>
        {updating.isError && <ErrorNotice error={updating.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={updating.isPending}>
            {isAsked(updating.error) ? 'Save it all the same' : 'Save'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

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

/** A new secret for the same key; the one before works as well for a while. */
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

/** Revoking cannot be undone: the name of the key is asked for. */
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

/** Switches a key off and on again. */
export function SwitchButton({ apiKey: { id, name, status } }: { apiKey: Key }) {
  const updating = useAction('keys update');
  const isOff = status === 'disabled';
  const turn = (yes: boolean) =>
    updating.mutate(
      { id, enabled: isOff, yes },
      {
        onSuccess: () => toast(isOff ? `“${name}” works again` : `Calls with “${name}” are refused`),
        onError: (error) => isAsked(error) || toast(`It stays as it was: ${error.message}`),
      },
    );
  if (status === 'expired') return null;
  return (
    <>
      <Button busy={updating.isPending} onClick={() => turn(false)}>
        {isOff ? 'Enable' : 'Disable'}
      </Button>
      <ConfirmDialog
        title={`Disable “${name}”?`}
        action="Disable it all the same"
        open={isAsked(updating.error)}
        busy={updating.isPending}
        error={updating.error}
        onConfirm={() => turn(true)}
        onClose={() => updating.reset()}
      >
        Calls with it, and those of its running tasks, are refused until it is enabled again.
      </ConfirmDialog>
    </>
  );
}

/** Then the same with `yes` does it; the error's notice has said what that means. */
function isAsked(error: unknown): boolean {
  return error instanceof AnswerError && error.code === 'confirmation_needed';
}
