// What can be done with a key, a dialog each. What would take the last admin key away is asked for twice.
import { useState } from 'react';
import type { Key } from '../../../../src/protocol/key.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { AnswerError } from '../../api/request.ts';
import type { CommandInput } from '../../api/seed.ts';
import { useAction, useSeed } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { FormDialog } from '../../ui/dialog.tsx';
import { Checkbox, Field, SelectField, TextAreaField } from '../../ui/fields.tsx';
import { toast, toastThen } from '../../ui/toast.tsx';
import {
  changedLimits,
  ExpiryField,
  expiryOf,
  expiryProblem,
  LimitsFields,
  labelsOf,
  labelsProblem,
  labelsText,
  limitsDraft,
  limitsProblems,
  NO_EXPIRY,
} from './key-fields.tsx';

interface KeyDialogProps {
  apiKey: Key;
  onClose(): void;
}

/** Changes name, limits and labels. Scopes and expiry are fixed. */
export function EditDialog({ apiKey, onClose }: KeyDialogProps) {
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
  const save = () => {
    if (Object.values(problems).some((problem) => problem !== null)) return;
    if (Object.keys(changes).length === 0) return onClose();
    const onSuccess = toastThen('The key is changed', onClose);
    updating.mutate({ id: apiKey.id, ...changes, yes: isAsked(updating.error) }, { onSuccess });
  };
  return (
    <FormDialog
      title={`Edit “${apiKey.name}”`}
      onClose={onClose}
      submit={isAsked(updating.error) ? 'Save it all the same' : 'Save'}
      action={updating}
      onSubmit={save}
    >
      <Field
        label="Name"
        autoComplete="off"
        maxLength={LIMITS.nameLength}
        value={name}
        onChange={setName}
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
    </FormDialog>
  );
}

const GRACES = [
  { value: '0m', label: 'Not at all' },
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
];

/** Gives the same key a new secret; the one before works as well for a while. */
export function RotateDialog({
  apiKey: { id, name },
  onClose,
  onRotated,
}: KeyDialogProps & { onRotated(secret: string): void }) {
  const [grace, setGrace] = useState('24h');
  const [expiry, setExpiry] = useState(NO_EXPIRY);
  const rotating = useAction('keys rotate');
  const problem = expiryProblem(expiry, Date.now());
  const rotate = () => {
    if (problem !== null) return;
    const onSuccess = ({ secret }: { secret: string }) => {
      onRotated(secret);
      onClose();
    };
    rotating.mutate({ id, grace, ...expiryOf(expiry), yes: isAsked(rotating.error) }, { onSuccess });
  };
  return (
    <FormDialog
      title={`Rotate “${name}”`}
      onClose={onClose}
      submit={isAsked(rotating.error) ? 'Rotate it all the same' : 'Rotate the key'}
      action={rotating}
      onSubmit={rotate}
    >
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
      <IfOwn id={id}>You are signed in with this key: your session ends with its present secret.</IfOwn>
    </FormDialog>
  );
}

/** Revokes a key. That cannot be undone, so its name is asked for. */
export function RevokeDialog({ apiKey: { id, name }, onClose }: KeyDialogProps) {
  const [typed, setTyped] = useState('');
  const revoking = useAction('keys revoke');
  const onSuccess = toastThen(`“${name}” is revoked`, onClose);
  return (
    <FormDialog
      title={`Revoke “${name}”?`}
      onClose={onClose}
      submit={isAsked(revoking.error) ? 'Revoke it all the same' : 'Revoke the key'}
      kind="danger"
      disabled={typed.trim() !== name}
      action={revoking}
      onSubmit={() => revoking.mutate({ id, yes: isAsked(revoking.error) }, { onSuccess })}
    >
      <p>Calls with it are refused from then on, and so are those of its running tasks. This cannot be undone.</p>
      <IfOwn id={id}>You are signed in with this key: you are signed out at once.</IfOwn>
      <Field
        label={`Type ${name} to go on`}
        autoComplete="off"
        spellCheck={false}
        autoFocus
        value={typed}
        onChange={setTyped}
      />
    </FormDialog>
  );
}

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
      <FormDialog
        title={`Disable “${name}”?`}
        open={isAsked(updating.error)}
        onClose={() => updating.reset()}
        submit="Disable it all the same"
        kind="danger"
        action={updating}
        onSubmit={() => turn(true)}
      >
        <p>Calls with it, and those of its running tasks, are refused until it is enabled again.</p>
      </FormDialog>
    </>
  );
}

/** Warns whoever is signed in with the very key. */
function IfOwn({ id, children }: { id: string; children: string }) {
  const { key } = useSeed();
  return id === key.id && <p className="rounded-lg bg-warn-soft p-3 text-warn">{children}</p>;
}

/** Whether Seed asks first, because the account would lose its last admin key. The same with `yes` does it. */
function isAsked(error: unknown): boolean {
  return error instanceof AnswerError && error.code === 'confirmation_needed';
}
