// One command: what it does, what it takes, and how it is called.
import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { useSeed } from '../../api/use-command.ts';
import { CallTabs } from '../../calls/call-tabs.tsx';
import { Badge, EffectBadge } from '../../ui/badge.tsx';
import { CopyLink, Mono } from '../../ui/code.tsx';
import { BackLink, Facts, Section } from '../../ui/page-frame.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { slugOf } from './command-groups.ts';
import { cliCalls, curlCall, mcpCall } from './example-calls.ts';
import { type InputRow, inputRows } from './input-rows.ts';

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
        <EmptyState icon="command" title="This key has no such command">
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
          <h2 className="font-mono text-xl font-semibold">{name}</h2>
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
          curl={curlCall(command, window.location.origin)}
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

/** What a command takes. */
function InputTable({ command }: { command: ManifestCommand }) {
  const rows = inputRows(command.input);
  if (rows.length === 0) return <p className="text-muted">It takes none.</p>;
  return <Table label={`Inputs of ${command.name}`} columns={COLUMNS} rows={rows} rowKey={({ name }) => name} />;
}
