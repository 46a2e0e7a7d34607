// One key: all that is known of it, and what can be done with it.
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { Key } from '../../../../src/protocol/key.ts';
import { KEY_LIMITS, type KeyLimitName } from '../../../../src/protocol/key-limits.ts';
import { useCommand, useSeed } from '../../api/use-command.ts';
import { count, money } from '../../format/readable.ts';
import { Badge, BadgeList, Status } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { CopyableId, Mono } from '../../ui/code.tsx';
import { BackLink, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Answer, EmptyState } from '../../ui/states.tsx';
import { TaskLink } from '../tasks/list/task-list.tsx';
import { STATUS_TONES } from './filters.ts';
import { GrantsSection } from './grants.tsx';
import { EditDialog, RevokeDialog, RotateDialog, SwitchButton } from './key-dialogs.tsx';
import { NAMES, NewSecret } from './key-fields.tsx';
import { Sparkline, useKeyUsage } from './key-usage.tsx';

export function KeyPage() {
  const { id } = useParams({ from: '/shell/keys/$id' });
  const { may } = useSeed();
  const isOffered = may('keys get');
  const key = useCommand('keys get', { id }, { enabled: isOffered });
  if (isOffered && key.data && !key.error) return <Details key={key.data.key.id} apiKey={key.data.key} />;
  return (
    <PageFrame title="Key" width="narrow" above={<BackLink to="/keys">Keys</BackLink>}>
      {isOffered ? (
        <Answer query={key}>{() => null}</Answer>
      ) : (
        <EmptyState icon="key" title="This key may not see keys">
          That needs the scope keys:read. Sign in with a key that has it.
        </EmptyState>
      )}
    </PageFrame>
  );
}

function Details({ apiKey }: { apiKey: Key }) {
  const { key: own } = useSeed();
  const [secret, setSecret] = useState<string | null>(null);
  const { id, name, status, prefix, scopes, metadata, taskId, identity } = apiKey;
  const labels = Object.entries(metadata).map(([label, value]) => (
    <Mono key={label}>
      {label}={value}
    </Mono>
  ));
  return (
    <PageFrame
      title={
        <>
          {name} {id === own.id && <Badge>yours</Badge>}
        </>
      }
      tabTitle={`${name} · Keys`}
      width="narrow"
      above={<BackLink to="/keys">Keys</BackLink>}
      actions={<Actions apiKey={apiKey} onRotated={setSecret} />}
    >
      <Status tone={STATUS_TONES[status]}>{status}</Status>
      {secret !== null && (
        <NewSecret
          title={`The new secret of “${name}”`}
          secret={secret}
          actions={<Button onClick={() => setSecret(null)}>I have copied it</Button>}
        />
      )}
      <Requests id={id} />
      <Section title="Key">
        <Facts
          of={{
            Id: <CopyableId id={id} />,
            'Begins with': identity === null && <Mono>{prefix}…</Mono>,
            'Signs in at': identity && <Mono>{identity.issuer}</Mono>,
            Subject: identity && <Mono>{identity.subject}</Mono>,
            [identity ? 'Last scopes' : 'Scopes']: scopes.length > 0 ? <BadgeList items={scopes} /> : 'none',
            Task: taskId && <TaskLink id={taskId} />,
            Labels: labels.length > 0 && <div className="flex flex-col">{labels}</div>,
          }}
        />
      </Section>
      <Times apiKey={apiKey} />
      <GrantsSection apiKey={apiKey} />
      <Section title="Limits">
        <Facts
          of={{
            ...Object.fromEntries(
              NAMES.map((limit) => [
                KEY_LIMITS[limit].label,
                <LimitValue key={limit} name={limit} apiKey={apiKey} />,
              ]),
            ),
            'Keys of its tasks': apiKey.tasksMayCreateLastingKeys ? 'may outlive the task' : 'end with the task',
          }}
        />
      </Section>
    </PageFrame>
  );
}

type Dialog = 'edit' | 'rotate' | 'revoke' | null;

function Actions({ apiKey, onRotated }: { apiKey: Key; onRotated(secret: string): void }) {
  const { may } = useSeed();
  const [open, setOpen] = useState<Dialog>(null);
  const close = () => setOpen(null);
  const isOver = apiKey.status === 'revoked';
  // A task key follows its task.
  const isChangeable = !isOver && apiKey.taskId === null;
  const hasSecret = apiKey.identity === null;
  return (
    <>
      {isChangeable && may('keys update') && <Button onClick={() => setOpen('edit')}>Edit</Button>}
      {isChangeable && may('keys update') && <SwitchButton apiKey={apiKey} />}
      {isChangeable && hasSecret && may('keys rotate') && (
        <Button onClick={() => setOpen('rotate')}>Rotate</Button>
      )}
      {!isOver && may('keys revoke') && (
        <Button kind="danger" onClick={() => setOpen('revoke')}>
          Revoke
        </Button>
      )}
      {open === 'edit' && <EditDialog apiKey={apiKey} onClose={close} />}
      {open === 'rotate' && <RotateDialog apiKey={apiKey} onClose={close} onRotated={onRotated} />}
      {open === 'revoke' && <RevokeDialog apiKey={apiKey} onClose={close} />}
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
  const time = (at: string | null) => <RelativeTime at={at} none="never" />;
  return (
    <Section title="Times">
      <Facts
        of={{
          Created: time(createdAt),
          'Last used': time(lastUsedAt),
          Expires: time(expiresAt),
          Rotated: rotatedAt && time(rotatedAt),
          'Secret before': previousSecretUntil && <>works until {time(previousSecretUntil)}</>,
          Revoked: revokedAt && time(revokedAt),
        }}
      />
    </Section>
  );
}

/** With what it was raised to for now. */
function LimitValue({ name, apiKey }: { name: KeyLimitName; apiKey: Key }) {
  const raise = apiKey.raised.find(({ limit }) => limit === name);
  return (
    <>
      {limitText(name, apiKey[name])}
      {raise && (
        <>
          , raised to {limitText(name, raise.to)} for now, which ends <RelativeTime at={raise.until} />
        </>
      )}
    </>
  );
}

function limitText(name: KeyLimitName, value: number | string[] | null): string {
  const { kind } = KEY_LIMITS[name];
  if (value === null && name === 'models') return 'those of the account';
  if (value === null) return kind === 'list' ? 'any' : 'no limit';
  if (typeof value !== 'number') return value.join(', ');
  return kind === 'usd' ? money(value) : count(value);
}
