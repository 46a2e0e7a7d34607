// /webhooks/deliveries/<id>: one event at one webhook, with every attempt; sent again from here.
import { Link, useParams } from '@tanstack/react-router';
import type { WebhookDelivery } from '../../../../src/protocol/webhook.ts';
import { useAction, useCommand, useSeed } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { BackLink, Fact, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Answer, ErrorNotice } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { AttemptList, DeliveryState } from './delivery-table.tsx';

const REFRESH_MS = 2_000;

export function Delivery() {
  const { id } = useParams({ from: '/shell/webhooks/deliveries/$id' });
  const { may } = useSeed();
  const delivery = useCommand('webhooks deliveries get', { id }, { refreshMs: REFRESH_MS });
  const replay = useAction('webhooks deliveries replay');
  const send = () => replay.mutate({ id }, { onSuccess: () => toast('It is sent again') });
  const type = delivery.data?.delivery.eventType;
  return (
    <PageFrame
      title={type ? <span className="font-mono">{type}</span> : 'Delivery'}
      tabTitle="Delivery"
      above={<BackLink to="/webhooks/deliveries">Deliveries</BackLink>}
      actions={
        type &&
        may('webhooks deliveries replay') && (
          <Button busy={replay.isPending} onClick={send}>
            Send again
          </Button>
        )
      }
    >
      {replay.error && <ErrorNotice error={replay.error} />}
      <Answer query={delivery}>{(data) => <Details delivery={data.delivery} />}</Answer>
    </PageFrame>
  );
}

function Details({ delivery }: { delivery: WebhookDelivery }) {
  const { url, webhookId, eventId, createdAt, nextAttemptAt, completedAt, attempts } = delivery;
  return (
    <>
      <Facts>
        <Fact term="State">
          <DeliveryState delivery={delivery} />
        </Fact>
        <Fact term="To">
          {webhookId ? (
            <Link to="/webhooks/$id" params={{ id: webhookId }} className="text-accent underline">
              {url}
            </Link>
          ) : (
            <>
              {url} <span className="text-muted">(the webhookUrl of a task)</span>
            </>
          )}
        </Fact>
        <Fact term="Event">
          <Link
            to="/webhooks/events/$id"
            params={{ id: eventId }}
            className="font-mono text-sm text-accent underline"
          >
            {eventId}
          </Link>
        </Fact>
        <Fact term="Made">
          <RelativeTime at={createdAt} />
        </Fact>
        {nextAttemptAt && (
          <Fact term="Next attempt">
            <RelativeTime at={nextAttemptAt} />
          </Fact>
        )}
        {completedAt && (
          <Fact term="Ended">
            <RelativeTime at={completedAt} />
          </Fact>
        )}
      </Facts>
      <Section title="Attempts">
        {attempts.length > 0 ? (
          <AttemptList attempts={attempts} />
        ) : (
          <p className="text-muted">None yet: the first follows at once, unless the webhook is held back.</p>
        )}
      </Section>
    </>
  );
}
