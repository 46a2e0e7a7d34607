// What of a key can be changed: its name, limits and labels. Scopes and expiry are fixed.
import { type FormEvent, useState } from 'react';
import type { Key } from '../../../../src/protocol/key.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import type { CommandInput } from '../../api/commands.ts';
import { useAction } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { Checkbox } from '../../ui/checkbox.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/states.tsx';
import { TextAreaField } from '../../ui/text-area-field.tsx';
import { toast } from '../../ui/toast.tsx';
import { labelsOf, labelsProblem, labelsText } from './labels.ts';
import { isAsked } from './last-key.ts';
import { changedLimits, limitsDraft, limitsProblems } from './limits-draft.ts';
import { LimitsFields } from './limits-fields.tsx';

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
