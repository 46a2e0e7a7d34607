// One command: what it does, what it takes, and how it is called.
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { useSeed } from '../../api/seed-context.ts';
import { useShortcut } from '../../shell/keyboard/use-shortcut.ts';
import { Badge, EffectBadge } from '../../ui/badge.tsx';
import { buttonLook, IconButton } from '../../ui/button.tsx';
import { copyText } from '../../ui/copy-button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { slugOf } from './command-groups.ts';
import { ExampleCalls } from './example-calls-view.tsx';
import { InputTable } from './input-table.tsx';

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
