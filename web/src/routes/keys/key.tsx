// One key: all that is known of it, and what can be done with it.
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { Key } from '../../../../src/protocol/key.ts';
import { useSeed } from '../../api/seed-context.ts';
import { useCommand } from '../../api/use-command.ts';
import { Badge, Status } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { EmptyState, ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { BackToKeys } from './back-to-keys.tsx';
import { EditDialog } from './edit-dialog.tsx';
import { KeyFacts } from './key-facts.tsx';
import { STATUS_TONES } from './key-status.ts';
import { NewSecret } from './new-secret.tsx';
import { RevokeDialog } from './revoke-dialog.tsx';
import { RotateDialog } from './rotate-dialog.tsx';
import { SwitchButton } from './switch-button.tsx';

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
