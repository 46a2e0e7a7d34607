// The form at the left; at the right what the agent may use, and the same call to copy.
import { type FormEvent, useRef, useState } from 'react';
import { useSeed } from '../../api/seed-context.ts';
import { ScopeChecklist } from '../../scopes/scope-checklist.tsx';
import { commandsWith, scopeGroups } from '../../scopes/scope-groups.ts';
import { useSubmitKey } from '../../shell/keyboard/use-submit-key.ts';
import { Button } from '../../ui/button.tsx';
import { Kbd } from '../../ui/code.tsx';
import { EmptyState, ErrorNotice } from '../../ui/states.tsx';
import { TextAreaField } from '../../ui/text-area-field.tsx';
import { AgentCommands } from './agent-commands.tsx';
import { hasProblems, inputOf, problemsOf } from './draft.ts';
import { FilesField } from './files-field.tsx';
import { FormSection } from './form-section.tsx';
import { LimitsFields } from './limits-fields.tsx';
import { SameCall } from './same-call.tsx';
import { Templates } from './templates.tsx';
import { useDraft } from './use-draft.ts';
import { useStart } from './use-start.ts';

export function NewTask() {
  const { may } = useSeed();
  if (may('tasks run')) return <NewTaskForm />;
  return (
    <EmptyState icon="plus" title="This key may start no tasks">
      That needs the scope tasks:write. Sign in with a key that has it.
    </EmptyState>
  );
}

function NewTaskForm() {
  const { manifest } = useSeed();
  const starting = useStart();
  const [draft, change] = useDraft(starting.isPending);
  const [files, setFiles] = useState<readonly File[]>([]);
  const [isTried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const problems = problemsOf(draft, files);
  const groups = scopeGroups(manifest.commands);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (starting.isPending) return;
    setTried(true);
    if (!hasProblems(problems)) return starting.mutate({ input: inputOf(draft), files });
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
  };
  useSubmitKey(form);
  return (
    <div className="mx-auto grid max-w-6xl gap-x-10 gap-y-8 p-4 lg:grid-cols-[minmax(0,1fr)_26rem] lg:p-8">
      <title>New task · Seed</title>
      <form ref={form} noValidate onSubmit={submit} className="flex min-w-0 flex-col gap-6">
        <header>
          <h1 className="text-xl font-semibold">New task</h1>
          <p className="text-muted">
            An agent follows the instruction in a sandbox without network or secrets. It can use the commands
            that you allow, and nothing else.
          </p>
        </header>
        <Templates onChoose={({ instruction, scopes }) => change({ instruction, scopes, lacking: [] })} />
        <TextAreaField
          label="Instruction"
          value={draft.instruction}
          onChange={(instruction) => change({ instruction })}
          error={isTried || draft.instruction !== '' ? problems.instruction : null}
          rows={6}
          placeholder="In plain language: what to look at, what to do, what to answer"
          required
        />
        <FormSection
          title="What the agent may do"
          hint={
            draft.lacking.length > 0
              ? `This key lacks ${draft.lacking.join(', ')}, so the agent is not given it.`
              : 'Only what it needs. At most what this key may do itself.'
          }
        >
          <ScopeChecklist
            groups={groups}
            chosen={draft.scopes}
            onChange={(scopes) => change({ scopes, lacking: [] })}
          />
        </FormSection>
        <FilesField files={files} onChange={setFiles} problem={problems.files} />
        <LimitsFields draft={draft} change={change} problems={problems.numbers} />
        {starting.isError && <ErrorNotice error={starting.error} />}
        <div className="flex items-center gap-3">
          <Button type="submit" kind="primary" busy={starting.isPending}>
            {starting.isPending ? 'Starting' : 'Start the task'}
          </Button>
          <span aria-hidden="true" className="hidden items-center gap-1 text-sm text-muted md:flex">
            <Kbd>Ctrl</Kbd>
            <Kbd>Enter</Kbd>
          </span>
        </div>
      </form>
      <aside
        aria-label="What comes of it"
        className="flex min-w-0 flex-col gap-8 lg:sticky lg:top-8 lg:self-start"
      >
        <AgentCommands commands={commandsWith(manifest.commands, draft.scopes)} />
        <SameCall input={inputOf(draft)} files={files.map(({ name }) => name)} />
      </aside>
    </div>
  );
}
