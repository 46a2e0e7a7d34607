// /webhooks/deliveries and /webhooks/deliveries/<id>: what became of each event at each webhook.
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { WebhookDelivery } from '../../../../src/protocol/webhook.ts';
import { useAction, useCommand, usePages, useSeed } from '../../api/use-command.ts';
import { spanInput } from '../../format/spans.ts';
import { Button } from '../../ui/button.tsx';
import { Mono } from '../../ui/code.tsx';
import { FormDialog } from '../../ui/dialog.tsx';
import { FilterField, SelectField, SpanPicker } from '../../ui/fields.tsx';
import { BackLink, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Answer, EmptyState, ErrorNotice, ListAnswer } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { DELIVERY_STATUSES, type DeliveriesSearch, TIME_SPANS } from './filters.ts';
import {
  AttemptList,
  DELIVERY_STATUS_NAMES,
  DeliveryState,
  DeliveryTable,
  NoMatch,
  WebhooksFrame,
} from './webhooks-frame.tsx';

const REFRESH_MS = 5_000;
const STATUSES = DELIVERY_STATUSES.map((status) => ({ value: status, label: DELIVERY_STATUS_NAMES[status] }));

export function Deliveries() {
  const { may } = useSeed();
  const { state, webhook, ...span } = useSearch({ from: '/shell/webhooks/deliveries' });
  const navigate = useNavigate({ from: '/webhooks/deliveries' });
  const [replaying, setReplaying] = useState(false);
  const filter = { status: state, webhookId: webhook, ...spanInput(span, Date.now()) };
  const deliveries = usePages('webhooks deliveries list', filter, { refreshMs: REFRESH_MS });
  const show = (search: DeliveriesSearch) => void navigate({ search, replace: true });
  return (
    <WebhooksFrame
      actions={
        may('webhooks deliveries replay-failed') && (
          <Button onClick={() => setReplaying(true)}>Replay failed…</Button>
        )
      }
    >
      <search className="flex flex-wrap items-center gap-2">
        <FilterField
          label="State"
          any="Any state"
          className="w-36"
          value={state}
          options={STATUSES}
          onChange={(chosen) => show({ ...span, webhook, state: chosen })}
        />
        <EndpointChoice
          className="max-sm:order-last max-sm:w-full sm:w-56"
          value={webhook}
          onChange={(id) => show({ ...span, state, webhook: id })}
        />
        <SpanPicker offered={TIME_SPANS} value={span} onChange={(chosen) => show({ ...chosen, state, webhook })} />
      </search>
      <ListAnswer
        query={deliveries}
        empty={
          state || webhook || span.span ? (
            <NoMatch title="No delivery is like that" onClear={() => show({})}>
              None in this time, of this state and to this webhook.
            </NoMatch>
          ) : (
            <EmptyState icon="webhook" title="Nothing was delivered yet">
              Each event that a webhook wants is a delivery, with its attempts and what the receiver answered.
              “Send a test” on a webhook makes the first.
            </EmptyState>
          )
        }
      >
        <DeliveryTable deliveries={deliveries.items} />
      </ListAnswer>
      {replaying && <ReplayFailed webhookId={webhook} onClose={() => setReplaying(false)} />}
    </WebhooksFrame>
  );
}

/** Sends again all that has failed since a time. @param webhookId what is chosen at first; undefined: all */
function ReplayFailed({ webhookId, onClose }: { webhookId: string | undefined; onClose(): void }) {
  const replay = useAction('webhooks deliveries replay-failed');
  const [since, setSince] = useState('24h');
  const [webhook, setWebhook] = useState(webhookId);
  const onSuccess = ({ replayed }: { replayed: number }) => {
    toast(told(replayed));
    onClose();
  };
  return (
    <FormDialog
      title="Replay failed deliveries"
      onClose={onClose}
      submit="Send them again"
      action={replay}
      onSubmit={() => replay.mutate({ since, webhookId: webhook }, { onSuccess })}
    >
      <p>
        Each is sent again at once, with all its retries and the{' '}
        <code className="font-mono text-sm">webhook-id</code> it had. Those to webhooks that are off stay as they
        are.
      </p>
      <SelectField label="Made" value={since} options={SINCE} onChange={setSince} />
      <EndpointChoice labelHidden={false} value={webhook} onChange={setWebhook} />
    </FormDialog>
  );
}

const SINCE = [
  { value: '1h', label: 'In the last hour' },
  { value: '24h', label: 'In the last 24 hours' },
  { value: '7d', label: 'In the last 7 days' },
  { value: '30d', label: 'In the last 30 days' },
  { value: '90d', label: 'In the last 90 days' },
];

function told(replayed: number): string {
  if (replayed === 0) return 'Nothing has failed in this time';
  return replayed === 1 ? 'One delivery is sent again' : `${replayed} deliveries are sent again`;
}

interface EndpointChoiceProps {
  labelHidden?: boolean;
  /** The id of a webhook; undefined stands for all. */
  value: string | undefined;
  onChange(id: string | undefined): void;
  className?: string;
}

/** As many webhooks as an account may have. */
const MOST = 100;

function EndpointChoice({ value, ...rest }: EndpointChoiceProps) {
  const { items } = usePages('webhooks list', { limit: MOST });
  const options = items.map(({ id, url }) => ({ value: id, label: url }));
  if (value && !items.some(({ id }) => id === value))
    options.push({ value, label: `Deleted: ${value.slice(0, 8)}` });
  return <FilterField label="Webhook" any="All webhooks" value={value} options={options} {...rest} />;
}

const ONE_REFRESH_MS = 2_000;

export function Delivery() {
  const { id } = useParams({ from: '/shell/webhooks/deliveries/$id' });
  const { may } = useSeed();
  const delivery = useCommand('webhooks deliveries get', { id }, { refreshMs: ONE_REFRESH_MS });
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
