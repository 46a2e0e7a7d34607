// /webhooks/deliveries/<id>: one event at one webhook, with every attempt; sent again from here.
import { Link, useParams } from '@tanstack/react-router';
import type { WebhookDelivery } from '../../../../src/protocol/webhook.ts';
import { useAction, useCommand, useSeed } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { Mono } from '../../ui/code.tsx';
import { BackLink, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
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
  const { eventId, createdAt, nextAttemptAt, completedAt, attempts } = delivery;
  return (
    <>
      <Facts
        of={{
          State: <DeliveryState delivery={delivery} />,
          To: <Receiver delivery={delivery} />,
          Event: (
            <Link to="/webhooks/events/$id" params={{ id: eventId }} className="text-accent underline">
              <Mono>{eventId}</Mono>
            </Link>
          ),
          Made: <RelativeTime at={createdAt} />,
          'Next attempt': nextAttemptAt && <RelativeTime at={nextAttemptAt} />,
          Ended: completedAt && <RelativeTime at={completedAt} />,
        }}
      />
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

function Receiver({ delivery: { url, webhookId } }: { delivery: WebhookDelivery }) {
  if (!webhookId) {
    return (
      <>
        {url} <span className="text-muted">(the webhookUrl of a task)</span>
      </>
    );
  }
  return (
    <Link to="/webhooks/$id" params={{ id: webhookId }} className="text-accent underline">
      {url}
    </Link>
  );
}
