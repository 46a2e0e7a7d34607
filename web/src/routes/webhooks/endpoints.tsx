// /webhooks and /webhooks/<id>: where events are posted to.
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { Webhook } from '../../../../src/protocol/webhook.ts';
import { useCommand, usePages, useSeed } from '../../api/use-command.ts';
import { Breakable } from '../../ui/breakable.tsx';
import { Button } from '../../ui/button.tsx';
import { CodeBlock, CopyableId } from '../../ui/code.tsx';
import { useShortcut } from '../../ui/keyboard.ts';
import { BackLink, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime, timeColumn } from '../../ui/relative-time.tsx';
import { Answer, EmptyState, ListAnswer } from '../../ui/states.tsx';
import { type Column, KeyedRows, ROW_LINK, Table } from '../../ui/table.tsx';
import { EndpointActions } from './endpoint-actions.tsx';
import { CreateWebhook } from './webhook-dialogs.tsx';
import { DeliveryTable, EndpointState, EventTypes, WebhooksFrame } from './webhooks-frame.tsx';

const REFRESH_MS = 10_000;

const COLUMNS: readonly Column<Webhook>[] = [
  { title: 'URL', className: 'sm:min-w-56', cell: (webhook) => <Url webhook={webhook} /> },
  { title: 'Events', from: 'md', cell: ({ events }) => <EventTypes types={events} most={3} /> },
  { title: 'State', from: 'sm', cell: (webhook) => <EndpointState webhook={webhook} /> },
  timeColumn('Created', ({ createdAt }) => createdAt, 'lg'),
];

/** For a key that may create none: somebody else's may. */
const CREATE_BY_CLI = (
  <CodeBlock
    text={'seed webhooks create --url https://example.com/hooks --events "task.*"'}
    label="Copy the command"
    className="text-left"
  />
);

export function Endpoints() {
  const { may } = useSeed();
  const webhooks = usePages('webhooks list', {}, { refreshMs: REFRESH_MS });
  const [creating, setCreating] = useState(false);
  const create = () => setCreating(true);
  const mayCreate = may('webhooks create');
  useShortcut('n', 'New webhook', create, { enabled: mayCreate });
  const newWebhook = mayCreate && (
    <Button kind="primary" icon="plus" onClick={create}>
      New webhook
    </Button>
  );
  return (
    <WebhooksFrame actions={webhooks.items.length > 0 && newWebhook}>
      <ListAnswer
        query={webhooks}
        empty={
          <EmptyState icon="webhook" title="No webhook yet" action={newWebhook || CREATE_BY_CLI}>
            A webhook has Seed post what happens in this account to a URL of yours: signed, retried for three days,
            and kept so that you can replay what was missed.
          </EmptyState>
        }
      >
        <KeyedRows what="webhook">
          <Table label="Webhooks" columns={COLUMNS} rows={webhooks.items} rowKey={({ id }) => id} />
        </KeyedRows>
      </ListAnswer>
      {creating && <CreateWebhook onClose={() => setCreating(false)} />}
    </WebhooksFrame>
  );
}

/** On a phone there is no room for its state beside it. */
function Url({ webhook }: { webhook: Webhook }) {
  const { id, url, description } = webhook;
  return (
    <>
      <Link data-row to="/webhooks/$id" params={{ id }} className={`${ROW_LINK} wrap-anywhere`}>
        <Breakable text={url} />
      </Link>
      {description && <span className="block text-sm text-muted wrap-anywhere">{description}</span>}
      <span className="mt-1 block sm:hidden">
        <EndpointState webhook={webhook} />
      </span>
    </>
  );
}

const ONE_REFRESH_MS = 5_000;

export function Endpoint() {
  const { id } = useParams({ from: '/shell/webhooks/$id' });
  const endpoint = useCommand('webhooks get', { id }, { refreshMs: ONE_REFRESH_MS });
  const webhook = endpoint.data?.webhook;
  return (
    <PageFrame
      title={webhook?.url ?? 'Webhook'}
      tabTitle="Webhook"
      above={<BackLink to="/webhooks">Webhooks</BackLink>}
      actions={webhook && <EndpointActions webhook={webhook} />}
    >
      <Answer query={endpoint}>
        {(data) => (
          <>
            <Details webhook={data.webhook} />
            <OwnDeliveries id={id} />
          </>
        )}
      </Answer>
    </PageFrame>
  );
}

function Details({ webhook }: { webhook: Webhook }) {
  const { id, description, events, createdAt, updatedAt, previousSecretUntil } = webhook;
  return (
    <Facts
      of={{
        State: <EndpointState webhook={webhook} />,
        Description: description,
        Events: <EventTypes types={events} />,
        Secret: previousSecretUntil && (
          <>
            Signed with the one before, too: it ends <RelativeTime at={previousSecretUntil} />
          </>
        ),
        Created: <RelativeTime at={createdAt} />,
        Changed: updatedAt !== createdAt && <RelativeTime at={updatedAt} />,
        Id: <CopyableId id={id} />,
      }}
    />
  );
}

function OwnDeliveries({ id }: { id: string }) {
  const deliveries = usePages('webhooks deliveries list', { webhookId: id }, { refreshMs: ONE_REFRESH_MS });
  return (
    <Section title="Deliveries">
      <ListAnswer
        query={deliveries}
        empty={
          <p className="text-muted">None yet. “Send a test” makes one and shows what your receiver answers.</p>
        }
      >
        <DeliveryTable deliveries={deliveries.items} withUrl={false} />
      </ListAnswer>
    </Section>
  );
}
