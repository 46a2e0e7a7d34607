// One command: what it does, what it takes, and how it is called.
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { useSeed } from '../../api/use-command.ts';
import { Badge, EffectBadge } from '../../ui/badge.tsx';
import { buttonLook, IconButton } from '../../ui/button.tsx';
import { CodeBlock, copyText } from '../../ui/code.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useShortcut } from '../../ui/keyboard.ts';
import { EmptyState } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { toast } from '../../ui/toast.tsx';
import { slugOf } from './command-groups.ts';
import { cliCalls, curlCall, mcpCall } from './example-calls.ts';
import { type InputRow, inputRows } from './input-rows.ts';

export function Command() {
  const { name } = useParams({ from: '/shell/commands/$name' });
  const { manifest } = useSeed();
  const navigate = useNavigate();
  const back = () => void navigate({ to: '/commands', search: (before) => before });
  useShortcut('Escape', 'Back to the list', back);
  const command = manifest.commands.find((one) => slugOf(one) === name);
  return (
    <article className="mx-auto flex max-w-3xl flex-col gap-6 px-4 py-4 lg:px-8 lg:py-6">
      <Link
        to="/commands"
        search={(before) => before}
        className={buttonLook('quiet', '-ml-2 self-start px-2! lg:hidden!')}
      >
        <Icon name="chevron" className="rotate-180" />
        Commands
      </Link>
      {command ? (
        <Details command={command} />
      ) : (
        <EmptyState icon="command" title="This key has no such command">
          There is no <span className="font-mono">{name}</span>, or this key lacks the scope for it. A key
          that has the scope keys:write can create one with more, up to its own scopes.
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
          <CopyLink />
        </div>
        <p className="text-lg text-muted">{summary}.</p>
      </header>
      <dl className="grid grid-cols-[6rem_minmax(0,1fr)] items-center gap-y-2">
        <Fact term="Effect">
          <EffectBadge effect={effect} />
        </Fact>
        <Fact term="Scope">{scope === null ? <span>any key</span> : <Badge mono>{scope}</Badge>}</Fact>
        <Fact term="Route">
          <code className="font-mono text-sm wrap-anywhere">
            {http.method} /api/v1{http.path}
          </code>
        </Fact>
      </dl>
      <Section title="Inputs">
        <InputTable command={command} />
      </Section>
      <Section title="How to call it">
        <ExampleCalls command={command} />
      </Section>
    </>
  );
}

function CopyLink() {
  const copy = async () => {
    const copied = await copyText(window.location.href);
    toast(copied ? 'The link is copied' : 'The link could not be copied: take it from the address bar');
  };
  return <IconButton label="Copy the link to this command" icon="link" onClick={copy} />;
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{term}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-3">
      <h3 className="font-semibold">{title}</h3>
      {children}
    </section>
  );
}

/** The calls to copy, one kind at a time. */
function ExampleCalls({ command }: { command: ManifestCommand }) {
  const mcp = mcpCall(command);
  return (
    <Tabs
      label="How to call it"
      tabs={[
        { name: 'CLI', content: <CodeBlock text={cliCalls(command)} label="Copy the command lines" /> },
        {
          name: 'curl',
          content: <CodeBlock text={curlCall(command, window.location.origin)} label="Copy the curl call" />,
        },
        {
          name: 'MCP',
          content:
            mcp === null ? (
              <p className="text-muted">It is not offered over MCP.</p>
            ) : (
              <CodeBlock text={mcp} label="Copy the MCP call" />
            ),
        },
      ]}
    />
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
  return name.split(/(?=[A-Z.])/).map((part, place) => [place > 0 && <wbr key={place} />, part]);
}

/** What a command takes. */
function InputTable({ command }: { command: ManifestCommand }) {
  const rows = inputRows(command.input);
  if (rows.length === 0) return <p className="text-muted">It takes none.</p>;
  return (
    <Table label={`Inputs of ${command.name}`} columns={COLUMNS} rows={rows} rowKey={({ name }) => name} />
  );
}
