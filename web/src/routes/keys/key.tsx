// One key: all that is known of it, and what can be done with it.
import { Link, useParams } from '@tanstack/react-router';
import { type ReactNode, useId, useState } from 'react';
import type { Key } from '../../../../src/protocol/key.ts';
import { useCommand, useSeed } from '../../api/use-command.ts';
import { count, money } from '../../format/numbers.ts';
import { Badge, Status } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/code.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { EmptyState, ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { STATUS_TONES } from './filters.ts';
import { EditDialog, RevokeDialog, RotateDialog, SwitchButton } from './key-dialogs.tsx';
import { Sparkline, useKeyUsage } from './key-usage.tsx';
import { BackToKeys, NewSecret } from './new-secret.tsx';

export function KeyPage() {
  const { id } = useParams({ from: '/shell/keys/$id' });
  const { may } = useSeed();
  const { data, error, isPending, refetch } = useCommand('keys get', { id }, { enabled: may('keys get') });
  return (
    <article className="mx-auto flex max-w-3xl flex-col gap-6 p-4 lg:p-8">
      <BackToKeys />
      {!may('keys get') && (
        <EmptyState icon="key" title="This key may not see keys">
          That needs the scope keys:read. Sign in with a key that has it.
        </EmptyState>
      )}
      {error && <ErrorNotice error={error} retry={() => void refetch()} />}
      {isPending && !error && may('keys get') && <SkeletonRows rows={4} />}
      {data && !error && <Details key={data.key.id} apiKey={data.key} />}
    </article>
  );
}

type Open = 'edit' | 'rotate' | 'revoke' | null;

function Details({ apiKey }: { apiKey: Key }) {
  const { may, key: own } = useSeed();
  const [open, setOpen] = useState<Open>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const { name, status, taskId } = apiKey;
  const isOver = status === 'revoked';
  // A task key follows its task.
  const isChangeable = !isOver && taskId === null;
  const close = () => setOpen(null);
  return (
    <>
      <title>{`${name} · Keys · Seed`}</title>
      <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="flex min-w-0 flex-col gap-1">
          <h1 className="flex flex-wrap items-center gap-2 text-xl font-semibold wrap-anywhere">
            {name}
            {apiKey.id === own.id && <Badge>yours</Badge>}
          </h1>
          <Status tone={STATUS_TONES[status]}>{status}</Status>
        </div>
        <div className="flex flex-wrap gap-2">
          {isChangeable && may('keys update') && <Button onClick={() => setOpen('edit')}>Edit</Button>}
          {isChangeable && may('keys update') && <SwitchButton apiKey={apiKey} />}
          {isChangeable && may('keys rotate') && <Button onClick={() => setOpen('rotate')}>Rotate</Button>}
          {!isOver && may('keys revoke') && (
            <Button kind="danger" onClick={() => setOpen('revoke')}>
              Revoke
            </Button>
          )}
        </div>
      </header>
      {secret !== null && (
        <NewSecret
          title={`The new secret of “${name}”`}
          secret={secret}
          actions={<Button onClick={() => setSecret(null)}>I have copied it</Button>}
        />
      )}
      <KeyFacts apiKey={apiKey} />
      {open === 'edit' && <EditDialog apiKey={apiKey} onClose={close} />}
      {open === 'rotate' && (
        <RotateDialog
          apiKey={apiKey}
          onClose={close}
          onRotated={(fresh) => {
            setSecret(fresh);
            close();
          }}
        />
      )}
      {open === 'revoke' && <RevokeDialog apiKey={apiKey} onClose={close} />}
    </>
  );
}

/** What is known of a key, in groups. */
function KeyFacts({ apiKey }: { apiKey: Key }) {
  const { id, prefix, scopes, metadata, taskId } = apiKey;
  const labels = Object.entries(metadata);
  return (
    <>
      <Requests id={id} />
      <Group title="Key">
        <Fact term="Id">
          <span className="flex items-center gap-1">
            <code className="font-mono text-sm wrap-anywhere">{id}</code>
            <CopyButton text={id} label="Copy the id" />
          </span>
        </Fact>
        <Fact term="Begins with">
          <code className="font-mono text-sm">{prefix}…</code>
        </Fact>
        <Fact term="Scopes">
          <span className="flex flex-wrap gap-1">
            {scopes.map((scope) => (
              <Badge key={scope} mono>
                {scope}
              </Badge>
            ))}
            {scopes.length === 0 && 'none'}
          </span>
        </Fact>
        {taskId && (
          <Fact term="Task">
            <Link to="/tasks/$id" params={{ id: taskId }} className="font-mono text-sm text-accent underline">
              {taskId}
            </Link>
          </Fact>
        )}
        {labels.length > 0 && (
          <Fact term="Labels">
            {labels.map(([name, value]) => (
              <span key={name} className="block font-mono text-sm wrap-anywhere">
                {name}={value}
              </span>
            ))}
          </Fact>
        )}
      </Group>
      <Times apiKey={apiKey} />
      <Limits apiKey={apiKey} />
    </>
  );
}

function Requests({ id }: { id: string }) {
  const usage = useKeyUsage().of(id);
  if (!usage) return null;
  return (
    <section aria-label="Requests" className="rounded-lg border border-line bg-surface p-4">
      <p className="text-sm text-muted">{usage.told}</p>
      {usage.total > 0 && (
        <Sparkline
          values={usage.daily}
          label={`Day by day: ${usage.daily.join(', ')}`}
          className="mt-3 h-12 w-full"
        />
      )}
    </section>
  );
}

function Times({ apiKey }: { apiKey: Key }) {
  const { createdAt, expiresAt, lastUsedAt, rotatedAt, previousSecretUntil, revokedAt } = apiKey;
  const time = (at: string | null) => (at ? <RelativeTime at={at} /> : 'never');
  return (
    <Group title="Times">
      <Fact term="Created">{time(createdAt)}</Fact>
      <Fact term="Last used">{time(lastUsedAt)}</Fact>
      <Fact term="Expires">{time(expiresAt)}</Fact>
      {rotatedAt && <Fact term="Rotated">{time(rotatedAt)}</Fact>}
      {previousSecretUntil && <Fact term="Secret before">works until {time(previousSecretUntil)}</Fact>}
      {revokedAt && <Fact term="Revoked">{time(revokedAt)}</Fact>}
    </Group>
  );
}

function Limits({ apiKey }: { apiKey: Key }) {
  const { allowedCidrs, allowedModels, requestsPerMinute, concurrentTasks, spendPerDay, spendPerMonth } =
    apiKey;
  const number = (value: number | null) => (value === null ? 'no limit' : count(value));
  const usd = (value: number | null) => (value === null ? 'no limit' : money(value));
  return (
    <Group title="Limits">
      <Fact term="Addresses">{allowedCidrs?.join(', ') ?? 'any'}</Fact>
      <Fact term="Requests a minute">{number(requestsPerMinute)}</Fact>
      <Fact term="Tasks at a time">{number(concurrentTasks)}</Fact>
      <Fact term="Spend a day">{usd(spendPerDay)}</Fact>
      <Fact term="Spend a month">{usd(spendPerMonth)}</Fact>
      <Fact term="Tokens a day">{number(apiKey.tokensPerDay)}</Fact>
      <Fact term="Models">{allowedModels?.join(', ') ?? 'any'}</Fact>
      <Fact term="Keys of its tasks">
        {apiKey.tasksMayCreateLastingKeys ? 'may outlive the task' : 'end with the task'}
      </Fact>
    </Group>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="flex flex-col gap-3">
      <h2 id={id} className="font-semibold">
        {title}
      </h2>
      <dl className="grid grid-cols-[9rem_minmax(0,1fr)] items-baseline gap-x-4 gap-y-2">{children}</dl>
    </section>
  );
}

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{term}</dt>
      <dd className="wrap-anywhere">{children}</dd>
    </>
  );
}
