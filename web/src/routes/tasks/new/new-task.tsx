// The form at the left; at the right what the agent may use, and the same call, as other ways send it.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useRef, useState } from 'react';
import type { ManifestCommand } from '../../../../../src/protocol/manifest.ts';
import type { Template } from '../../../../../src/protocol/template.ts';
import { seedAddress } from '../../../api/base-path.ts';
import type { CommandInput } from '../../../api/seed.ts';
import { useCommand, useSeed } from '../../../api/use-command.ts';
import { CallTabs } from '../../../calls/call-tabs.tsx';
import { writtenCli, writtenCurl, writtenMcp } from '../../../calls/written-calls.ts';
import { commandsWith, ScopeChecklist, scopeGroups } from '../../../scopes/scope-checklist.tsx';
import { EffectBadge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { Kbd } from '../../../ui/code.tsx';
import { focusFirstInvalid, TextAreaField } from '../../../ui/fields.tsx';
import { useSubmitKey } from '../../../ui/keyboard.ts';
import { Section } from '../../../ui/page-frame.tsx';
import { EmptyState, ErrorNotice } from '../../../ui/states.tsx';
import { slugOf } from '../../commands/command-groups.ts';
import { hasProblems, inputOf, problemsOf, useDraft } from './draft.ts';
import { FilesField, LimitsFields } from './task-fields.tsx';
import { TemplateFields } from './template-fields.tsx';

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
  const template = useTemplate(draft.template);
  const problems = problemsOf(draft, files, template);
  const groups = scopeGroups(manifest.commands);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (starting.isPending) return;
    setTried(true);
    if (!hasProblems(problems)) return starting.mutate({ input: inputOf(draft, template), files });
    focusFirstInvalid(form);
  };
  useSubmitKey(form);
  return (
    <div className="mx-auto grid max-w-6xl gap-x-10 gap-y-8 p-4 lg:grid-cols-[minmax(0,1fr)_26rem] lg:p-8">
      <title>New task · Seed</title>
      <form ref={form} noValidate onSubmit={submit} className="flex min-w-0 flex-col gap-6">
        <header>
          <h1 className="text-xl font-semibold">New task</h1>
          <p className="text-muted">
            An agent follows the instruction in a sandbox without network or secrets. It can use the commands that
            you allow, and nothing else.
          </p>
        </header>
        <Templates
          onChoose={(chosen) => {
            const { instruction, scopes, limits, parameters, name, task } = chosen;
            // What a form cannot show stays with the template.
            const isWhole = parameters !== null || Object.keys(task).length > 0;
            change({
              ...(isWhole ? { template: name, parameters: {} } : { template: '', instruction }),
              scopes,
              lacking: [],
              limits: limits.length > 0 ? JSON.stringify(limits, null, 2) : '',
            });
          }}
        />
        {template ? (
          <TemplateFields
            template={template}
            values={draft.parameters}
            onChange={(parameters) => change({ parameters })}
            problems={isTried ? problems.parameters : {}}
            onLeave={() => change({ template: '', parameters: {}, instruction: template.instruction })}
          />
        ) : (
          <TextAreaField
            label="Instruction"
            value={draft.instruction}
            onChange={(instruction) => change({ instruction })}
            error={isTried || draft.instruction !== '' ? problems.instruction : null}
            rows={6}
            placeholder="In plain language: what to look at, what to do, what to answer"
            required
          />
        )}
        {draft.limits !== '' && (
          <TextAreaField
            label="Limits"
            value={draft.limits}
            onChange={(limits) => change({ limits })}
            error={problems.limits}
            rows={6}
          />
        )}
        <Section
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
        </Section>
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
        <SameCall input={inputOf(draft, template)} files={files.map(({ name }) => name)} />
      </aside>
    </div>
  );
}

function Templates({ onChoose }: { onChoose(template: Template): void }) {
  const { may } = useSeed();
  const { data } = useCommand('templates list', { limit: 100 }, { enabled: may('templates list') });
  if (!data || data.items.length === 0) return null;
  const templates = data.items as Template[];
  return (
    <Section title="Start from a template">
      <ul className="-mx-4 flex gap-2 overflow-x-auto px-4 py-0.5 sm:mx-0 sm:flex-wrap sm:overflow-visible sm:px-0">
        {templates.map((template) => (
          <li key={template.name}>
            <button
              type="button"
              title={template.instruction}
              onClick={() => onChoose(template)}
              className="flex h-8 items-center gap-2 rounded-full border border-line bg-surface px-3 text-sm whitespace-nowrap hover:border-control"
            >
              {template.title}
              {template.pack && <span className="text-xs text-muted">{template.pack}</span>}
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** The template that the draft names; null: it names none, or it is not known yet. */
function useTemplate(name: string): Template | null {
  const { may } = useSeed();
  const enabled = name !== '' && may('templates get');
  const { data } = useCommand('templates get', { name }, { enabled });
  return enabled && data ? (data.template as Template) : null;
}

function useStart() {
  const seed = useSeed();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const attempt = useRef({ of: '', key: '' });
  return useMutation({
    mutationFn: ({ input, files }: { input: CommandInput<'tasks run'>; files: readonly File[] }) => {
      // The same task sent again, because its answer was lost, is one task.
      const of = JSON.stringify([input, files.map(({ name, size, lastModified }) => [name, size, lastModified])]);
      if (attempt.current.of !== of) attempt.current = { of, key: randomKey() };
      return seed.call('tasks run', input, { files, headers: { 'Idempotency-Key': attempt.current.key } });
    },
    onSuccess: ({ task }) => {
      attempt.current = { of: '', key: '' };
      void queryClient.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('tasks '),
      });
      void navigate({ to: '/tasks/$id', params: { id: task.id } });
    },
  });
}

/** `crypto.randomUUID` is not there over plain http. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
}

function AgentCommands({ commands }: { commands: readonly ManifestCommand[] }) {
  const changing = commands.filter(({ effect }) => effect !== 'read').length;
  const things = commands.length === 1 ? 'this command' : `these ${commands.length} commands`;
  const hint =
    changing === 0
      ? 'It can read, and change nothing.'
      : `${changing} of them ${changing === 1 ? 'changes' : 'change'} something.`;
  return (
    <Section title={`The agent may use ${things}`} hint={<span role="status">{hint}</span>}>
      <ul
        aria-label="Commands of the agent"
        className="max-h-72 divide-y divide-line overflow-y-auto rounded-lg border border-line bg-surface"
      >
        {commands.map((command) => (
          <li key={command.name} className="flex h-8 items-center justify-between gap-2 px-3">
            <Link
              to="/commands/$name"
              params={{ name: slugOf(command) }}
              className="truncate font-mono text-sm hover:text-accent hover:underline"
            >
              {command.name}
            </Link>
            <EffectBadge effect={command.effect} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function SameCall({ input, files }: { input: CommandInput<'tasks run'>; files: readonly string[] }) {
  const { manifest } = useSeed();
  const command = manifest.commands.find(({ name }) => name === 'tasks run');
  if (!command) return null;
  const note = 'Over MCP the files go into “files”, each with its name and its content in base64.';
  return (
    <Section title="The same call">
      <CallTabs
        label="The same call as"
        initial="curl"
        cli={writtenCli(command, { ...input }, files)}
        curl={writtenCurl({ command, input: { ...input }, origin: seedAddress(), files })}
        mcp={writtenMcp(command, { ...input })}
        {...(files.length > 0 && { mcpNote: note })}
        wrapped
      />
    </Section>
  );
}
