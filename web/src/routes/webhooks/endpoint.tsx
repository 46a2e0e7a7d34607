// /webhooks/<id>: one webhook, what is done with it, and its deliveries.
import { useParams } from '@tanstack/react-router';
import type { Webhook } from '../../../../src/protocol/webhook.ts';
import { useCommand, usePages } from '../../api/use-command.ts';
import { CopyableId } from '../../ui/code.tsx';
import { BackLink, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Answer, ListAnswer } from '../../ui/states.tsx';
import { DeliveryTable } from './delivery-table.tsx';
import { EndpointActions } from './endpoint-actions.tsx';
import { EndpointState, EventTypes } from './endpoint-state.tsx';

const REFRESH_MS = 5_000;

export function Endpoint() {
  const { id } = useParams({ from: '/shell/webhooks/$id' });
  const endpoint = useCommand('webhooks get', { id }, { refreshMs: REFRESH_MS });
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
  const deliveries = usePages('webhooks deliveries list', { webhookId: id }, { refreshMs: REFRESH_MS });
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
