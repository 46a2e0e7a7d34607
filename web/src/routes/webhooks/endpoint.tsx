// /webhooks/<id>: one webhook, what is done with it, and its deliveries.
import { useParams } from '@tanstack/react-router';
import type { Webhook } from '../../../../src/protocol/webhook.ts';
import { useCommand, usePages } from '../../api/use-command.ts';
import { CopyButton } from '../../ui/code.tsx';
import { Fact, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { ErrorNotice, ListStates, SkeletonRows } from '../../ui/states.tsx';
import { DeliveryTable } from './delivery-table.tsx';
import { EndpointActions } from './endpoint-actions.tsx';
import { EndpointState, EventTypes } from './endpoint-state.tsx';
import { BackLink } from './webhooks-frame.tsx';

const REFRESH_MS = 5_000;

export function Endpoint() {
  const { id } = useParams({ from: '/shell/webhooks/$id' });
  const { data, error, refetch } = useCommand('webhooks get', { id }, { refreshMs: REFRESH_MS });
  return (
    <PageFrame
      title={data?.webhook.url ?? 'Webhook'}
      tabTitle="Webhook"
      above={<BackLink to="/webhooks">Webhooks</BackLink>}
      actions={data && <EndpointActions webhook={data.webhook} />}
    >
      {error && <ErrorNotice error={error} retry={() => void refetch()} />}
      {!data && !error && <SkeletonRows rows={4} />}
      {data && (
        <>
          <Details webhook={data.webhook} />
          <OwnDeliveries id={id} />
        </>
      )}
    </PageFrame>
  );
}

function Details({ webhook }: { webhook: Webhook }) {
  const { id, description, events, createdAt, updatedAt, previousSecretUntil } = webhook;
  return (
    <Facts>
      <Fact term="State">
        <EndpointState webhook={webhook} />
      </Fact>
      {description && <Fact term="Description">{description}</Fact>}
      <Fact term="Events">
        <EventTypes types={events} />
      </Fact>
      {previousSecretUntil && (
        <Fact term="Secret">
          Signed with the one before, too: it ends <RelativeTime at={previousSecretUntil} />
        </Fact>
      )}
      <Fact term="Created">
        <RelativeTime at={createdAt} />
        {updatedAt !== createdAt && (
          <span className="text-muted">
            , changed <RelativeTime at={updatedAt} />
          </span>
        )}
      </Fact>
      <Fact term="Id">
        <span className="-my-1.5 flex items-center gap-1">
          <code className="font-mono text-sm">{id}</code>
          <CopyButton text={id} label="Copy the id" />
        </span>
      </Fact>
    </Facts>
  );
}

function OwnDeliveries({ id }: { id: string }) {
  const deliveries = usePages('webhooks deliveries list', { webhookId: id }, { refreshMs: REFRESH_MS });
  return (
    <Section title="Deliveries">
      <ListStates
        query={deliveries}
        empty={
          <p className="text-muted">
            None yet. “Send a test” makes one and shows what your receiver answers.
          </p>
        }
      >
        <DeliveryTable deliveries={deliveries.items} withUrl={false} />
      </ListStates>
    </Section>
  );
}
