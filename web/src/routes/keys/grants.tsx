// What a key may do without asking: its limits in words, what a person is asked, and the form for both.
import { useState } from 'react';
import { exactJson } from '../../../../src/lib/exact-text.ts';
import type { Grants, Limit, LoopSetting } from '../../../../src/protocol/grant.ts';
import type { Key } from '../../../../src/protocol/key.ts';
import { useAction, useSeed } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { FormDialog } from '../../ui/dialog.tsx';
import { SelectField, TextAreaField } from '../../ui/fields.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Section } from '../../ui/page-frame.tsx';
import { toast } from '../../ui/toast.tsx';
import { CheckCall } from './check-call.tsx';
import { changedGrants, type GrantsDraft, grantsDraft, grantsOf, grantsProblems } from './grants-draft.ts';
import { approvalWords, limitWords } from './limit-words.ts';

export function GrantsSection({ apiKey }: { apiKey: Key }) {
  const { may } = useSeed();
  const [isOpen, setOpen] = useState(false);
  const [notes, setNotes] = useState<readonly string[]>([]);
  // A task key follows its task.
  const isChangeable = apiKey.status !== 'revoked' && apiKey.taskId === null && may('keys update');
  return (
    <Section
      title="What it may do without asking"
      actions={
        <>
          <CheckCall keyId={apiKey.id} />
          {isChangeable && <Button onClick={() => setOpen(true)}>Change</Button>}
        </>
      }
    >
      <GrantsView grants={apiKey} />
      {notes.length > 0 && (
        <ul aria-label="Notes" className="flex flex-col gap-1 rounded-lg bg-warn-soft p-3">
          {notes.map((note) => (
            <li key={note} className="wrap-anywhere">
              <ForeignText text={note} />
            </li>
          ))}
        </ul>
      )}
      {isOpen && <GrantsDialog apiKey={apiKey} onClose={() => setOpen(false)} onNotes={setNotes} />}
    </Section>
  );
}

function GrantsView({ grants: { limits, approval, loop } }: { grants: Grants }) {
  const asks = approvalWords(approval, loop);
  return (
    <div className="flex flex-col gap-3">
      {limits.length === 0 ? (
        <p className="text-muted">All that its scopes allow.</p>
      ) : (
        <ul aria-label="Limits" className="divide-y divide-line rounded-lg border border-line">
          {limits.map((limit) => (
            <LimitView key={JSON.stringify(limit)} limit={limit} />
          ))}
        </ul>
      )}
      {asks.length > 0 && (
        <ul className="list-disc pl-5">
          {asks.map((line) => (
            <li key={line}>{line}.</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function LimitView({ limit }: { limit: Limit }) {
  const { about, rules, otherwise } = limitWords(limit);
  return (
    <li className="flex flex-col gap-1 px-4 py-2.5">
      <span className="flex flex-wrap items-baseline justify-between gap-x-4">
        <span className="font-mono text-sm font-medium wrap-anywhere">{about}</span>
        <span className="text-sm text-muted">{otherwise}</span>
      </span>
      <ul className="list-disc pl-5">
        {rules.map((rule) => (
          <li key={rule} className="wrap-anywhere">
            <ForeignText text={rule} />
          </li>
        ))}
        {rules.length === 0 && <li>never</li>}
      </ul>
      <details className="text-sm">
        <summary className="text-muted">As JSON</summary>
        <pre className="mt-1 rounded-md bg-sunken px-3 py-2 font-mono text-sm whitespace-pre-wrap wrap-anywhere">
          {exactJson(limit)}
        </pre>
      </details>
    </li>
  );
}

const LOOPS: { value: LoopSetting; label: string }[] = [
  { value: 'ask', label: 'Is asked for' },
  { value: 'warn', label: 'Is done with a warning' },
  { value: 'deny', label: 'Is refused' },
];

interface GrantsDialogProps {
  apiKey: Key;
  onClose(): void;
  /** What is to be known of what was set, such as commands that it leaves no room for. */
  onNotes(notes: readonly string[]): void;
}

function GrantsDialog({ apiKey, onClose, onNotes }: GrantsDialogProps) {
  const [draft, setDraft] = useState(() => grantsDraft(apiKey));
  const updating = useAction('keys update');
  const problems = grantsProblems(draft);
  const save = () => {
    if (problems.limits || problems.approval) return;
    const changes = changedGrants(draft, apiKey);
    if (Object.keys(changes).length === 0) return onClose();
    const onSuccess = ({ notes }: { notes: string[] }) => {
      toast('The key is changed');
      onNotes(notes);
      onClose();
    };
    updating.mutate({ id: apiKey.id, ...changes }, { onSuccess });
  };
  return (
    <FormDialog
      title={`What “${apiKey.name}” may do without asking`}
      onClose={onClose}
      submit="Save"
      action={updating}
      onSubmit={save}
    >
      <GrantsFields draft={draft} problems={problems} onChange={setDraft} />
    </FormDialog>
  );
}

interface GrantsFieldsProps {
  draft: GrantsDraft;
  problems: ReturnType<typeof grantsProblems>;
  onChange(draft: GrantsDraft): void;
}

const EXAMPLE = `[{ "scope": "orders:write",
   "input": { "properties": { "total": { "maximum": 500 } } },
   "sum": { "/total": 2000 }, "per": "day", "else": "ask" }]`;

export function GrantsFields({ draft, problems, onChange }: GrantsFieldsProps) {
  const { limits } = grantsOf(draft);
  return (
    <>
      <TextAreaField
        label="Limits"
        hint="A list as JSON; empty: all that the scopes allow"
        rows={8}
        spellCheck={false}
        placeholder={EXAMPLE}
        value={draft.limits}
        onChange={(text) => onChange({ ...draft, limits: text })}
        error={problems.limits}
        className="[&_textarea]:font-mono"
      />
      {problems.limits === null && limits.length > 0 && (
        <div aria-live="polite">
          <GrantsView grants={{ limits, approval: null, loop: null }} />
        </div>
      )}
      <TextAreaField
        label="What a person is asked first"
        hint="An object as JSON: effects, wait (ms), onExpiry, budget, selfApprove; empty: only what limits or commands say"
        rows={3}
        spellCheck={false}
        placeholder={'{ "effects": ["destructive"] }'}
        value={draft.approval}
        onChange={(text) => onChange({ ...draft, approval: text })}
        error={problems.approval}
        className="[&_textarea]:font-mono"
      />
      <SelectField
        label="The third same write of a task"
        value={draft.loop}
        options={[{ value: '', label: 'Is asked for where people are asked, else done with a warning' }, ...LOOPS]}
        onChange={(loop) => onChange({ ...draft, loop })}
      />
    </>
  );
}
