// The commands: the list at the left with its search, at the right the chosen one. On a phone one of the two.
import { Link, Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import type { ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { seedAddress } from '../../api/base-path.ts';
import { useSeed } from '../../api/use-command.ts';
import { CallTabs } from '../../calls/call-tabs.tsx';
import { Badge, EffectBadge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { classNames } from '../../ui/class-names.ts';
import { CopyLink, Mono } from '../../ui/code.tsx';
import { SearchField } from '../../ui/fields.tsx';
import { useRowKeys } from '../../ui/keyboard.ts';
import { BackLink, Facts, ListHeading, Section } from '../../ui/page-frame.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { type CommandGroup, groupCommands, searchCommands, slugOf } from './command-groups.ts';
import { cliCalls, curlCall, type InputRow, inputRows, mcpCall } from './example-calls.ts';

export function Commands() {
  const { manifest } = useSeed();
  const { q = '' } = useSearch({ from: '/shell/commands' });
  const { name: chosen } = useParams({ strict: false });
  const navigate = useNavigate();
  const list = useRef<HTMLDivElement>(null);
  useRowKeys(list, 'command');
  useEffect(() => {
    if (chosen) list.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  const setSearch = (text: string) =>
    void navigate({ to: '.', search: text === '' ? {} : { q: text }, replace: true });
  const groups = groupCommands(searchCommands(manifest.commands, q));
  return (
    <div className="flex h-full flex-col lg:grid lg:grid-cols-[24rem_minmax(0,1fr)]">
      <title>Commands · Seed</title>
      <section
        aria-label="Commands"
        className={classNames(
          'min-h-0 flex-1 flex-col border-line lg:flex lg:border-r',
          chosen ? 'hidden' : 'flex',
        )}
      >
        <header className="flex flex-col gap-3 border-b border-line px-4 pt-4 pb-3">
          <div className="flex items-baseline justify-between">
            <ListHeading isAlone={!chosen}>Commands</ListHeading>
            <p className="text-sm text-muted tabular-nums">{manifest.commands.length} with this key</p>
          </div>
          <SearchField label="Search commands" value={q} onChange={setSearch} />
        </header>
        <div ref={list} className="min-h-0 flex-1 overflow-y-auto pb-6">
          {groups.map((group) => (
            <Group key={group.noun} group={group} />
          ))}
          {groups.length === 0 && (
            <EmptyState
              icon="search"
              title="No command matches"
              action={<Button onClick={() => setSearch('')}>Clear the search</Button>}
            >
              Commands that this key has no scope for are not listed: another key may have more.
            </EmptyState>
          )}
        </div>
      </section>
      <section
        aria-label="Command"
        className={classNames('min-h-0 flex-1 overflow-y-auto lg:block', !chosen && 'hidden')}
      >
        <Outlet />
      </section>
    </div>
  );
}

function Group({ group: { noun, commands } }: { group: CommandGroup }) {
  return (
    // No landmark: there are as many as nouns, and one may be called as the page is.
    // biome-ignore lint/a11y/useSemanticElements: nothing is filled in here
    <div role="group" aria-labelledby={`noun-${noun}`}>
      <h2
        id={`noun-${noun}`}
        className="sticky top-0 z-10 bg-canvas px-4 pt-4 pb-1 text-sm font-medium text-muted capitalize"
      >
        {noun}
      </h2>
      <ul className="px-2">
        {commands.map((command) => (
          <li key={command.name}>
            <Link
              data-row
              to="/commands/$name"
              params={{ name: slugOf(command) }}
              search={(before) => before}
              className="flex flex-col gap-0.5 rounded-md px-2 py-1.5 hover:bg-sunken"
              activeProps={{ className: 'bg-accent-soft!' }}
            >
              <span className="flex items-center justify-between gap-2">
                <span className="truncate font-mono text-sm font-medium">{command.name}</span>
                <EffectBadge effect={command.effect} />
              </span>
              <span className="truncate text-sm text-muted">{command.summary}</span>
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Overview() {
  const { key } = useSeed();
  return (
    <div className="flex h-full items-center justify-center">
      <EmptyState icon="command" title="What an agent with this key can do">
        <p>
          These are all the commands that “{key.name}” may use, and the most that a task it starts can be given.
          Choose one to see its inputs and how to call it.
        </p>
      </EmptyState>
    </div>
  );
}

export function Command() {
  const { name } = useParams({ from: '/shell/commands/$name' });
  const { manifest } = useSeed();
  const command = manifest.commands.find((one) => slugOf(one) === name);
  return (
    <article className="mx-auto flex max-w-3xl flex-col gap-6 px-4 py-4 lg:px-8 lg:py-6">
      <BackLink to="/commands" className="lg:hidden!">
        Commands
      </BackLink>
      {command ? (
        <Details command={command} />
      ) : (
        <EmptyState isPage icon="command" title="This key has no such command">
          There is no <span className="font-mono">{name}</span>, or this key lacks the scope for it. A key that has
          the scope keys:write can create one with more, up to its own scopes.
        </EmptyState>
      )}
    </article>
  );
}

function Details({ command }: { command: ManifestCommand }) {
  const { name, summary, effect, scope, http } = command;
  return (
    <>
      <title>{`${name} · Seed`}</title>
      <header className="flex flex-col gap-2">
        <div className="flex items-center gap-1">
          <h1 className="font-mono text-xl font-semibold">{name}</h1>
          <CopyLink label="Copy the link to this command" />
        </div>
        <p className="text-lg text-muted">{summary}.</p>
      </header>
      <Facts
        of={{
          Effect: <EffectBadge effect={effect} />,
          Scope: scope === null ? 'any key' : <Badge mono>{scope}</Badge>,
          Route: <Mono>{`${http.method} /api/v1${http.path}`}</Mono>,
        }}
      />
      <Section title="Inputs">
        <InputTable command={command} />
      </Section>
      <Section title="How to call it">
        <CallTabs
          label="How to call it"
          cli={cliCalls(command)}
          curl={curlCall(command, seedAddress())}
          mcp={mcpCall(command)}
        />
      </Section>
    </>
  );
}

const COLUMNS: readonly Column<InputRow>[] = [
  {
    title: 'Name and type',
    className: 'w-2/5',
    cell: ({ name, type, required }) => (
      <>
        <code className="block font-mono text-sm wrap-break-word">{breakable(name)}</code>
        <span className="block text-xs text-muted">
          {type}
          {required && <strong className="font-medium text-ink"> · required</strong>}
        </span>
      </>
    ),
  },
  {
    title: 'Meaning',
    cell: (row) => (
      <>
        {row.description}
        {row.default !== null && (
          <span className="block text-xs text-muted">
            Default: <code className="font-mono">{row.default}</code>
          </span>
        )}
      </>
    ),
  },
];

/** Long names break before their capitals and dots. */
function breakable(name: string): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a name do not move
  return name.split(/(?=[A-Z.])/).map((part, index) => [index > 0 && <wbr key={index} />, part]);
}

function InputTable({ command }: { command: ManifestCommand }) {
  const rows = inputRows(command.input);
  if (rows.length === 0) return <p className="text-muted">It takes none.</p>;
  return <Table label={`Inputs of ${command.name}`} columns={COLUMNS} rows={rows} rowKey={({ name }) => name} />;
}
