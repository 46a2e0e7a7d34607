// What the pages of webhooks share: heading and tabs, states and types, deliveries and attempts as rows.
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type {
  AttemptError,
  DeliveryStatus,
  DisabledReason,
  Webhook,
  WebhookAttempt,
  WebhookDelivery,
} from '../../../../src/protocol/webhook.ts';
import { duration } from '../../format/readable.ts';
import { Badge, BadgeList, Status, type Tone } from '../../ui/badge.tsx';
import { Breakable } from '../../ui/breakable.tsx';
import { Button } from '../../ui/button.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { PageFrame, TabLinks } from '../../ui/page-frame.tsx';
import { RelativeTime, timeColumn } from '../../ui/relative-time.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { type Column, KeyedRows, ROW_LINK, Table } from '../../ui/table.tsx';

const TABS = [
  { name: 'Endpoints', to: '/webhooks' },
  { name: 'Events', to: '/webhooks/events' },
  { name: 'Deliveries', to: '/webhooks/deliveries' },
];

export function WebhooksFrame({ actions, children }: { actions?: ReactNode; children: ReactNode }) {
  return (
    <PageFrame title="Webhooks" actions={actions}>
      <TabLinks label="Webhooks" tabs={TABS} />
      {children}
    </PageFrame>
  );
}

export function NoMatch({ title, onClear, children }: { title: string; onClear(): void; children: string }) {
  const clear = <Button onClick={onClear}>Clear the filters</Button>;
  return (
    <EmptyState icon="search" title={title} action={clear}>
      {children}
    </EmptyState>
  );
}

const REASONS: Record<DisabledReason, string> = {
  gone: 'Off: it answered 410 Gone',
  failing: 'Off: it failed for five days',
  switched_off: 'Switched off',
};

export function EndpointState({ webhook }: { webhook: Webhook }) {
  const { enabled, disabledReason, failingSince } = webhook;
  if (!enabled)
    return (
      <Status tone={disabledReason === 'switched_off' ? 'neutral' : 'bad'}>
        {REASONS[disabledReason ?? 'switched_off']}
      </Status>
    );
  if (failingSince)
    return (
      <Status tone="warn">
        <span>
          Failing since <RelativeTime at={failingSince} />
        </span>
      </Status>
    );
  return <Status tone="ok">On</Status>;
}

export function EventTypes({ types, most }: { types: readonly string[]; most?: number }) {
  if (types.includes('*')) return <Badge>all events</Badge>;
  return <BadgeList items={types} {...(most && { most })} />;
}

const EVENT: Column<WebhookDelivery> = {
  title: 'Event',
  cell: ({ id, eventType }) => (
    <Link
      data-row
      to="/webhooks/deliveries/$id"
      params={{ id }}
      search={(before) => before}
      className={`${ROW_LINK} font-mono text-sm wrap-break-word`}
    >
      <Breakable text={eventType} />
    </Link>
  ),
};

const URL: Column<WebhookDelivery> = {
  title: 'To',
  from: 'md',
  className: 'min-w-40 text-muted',
  cell: ({ url }) => (
    <span className="wrap-anywhere">
      <Breakable text={url} />
    </span>
  ),
};

const REST: readonly Column<WebhookDelivery>[] = [
  { title: 'State', cell: (delivery) => <DeliveryState delivery={delivery} /> },
  {
    title: 'Last answer',
    from: 'sm',
    cell: ({ attempts }) => {
      const last = attempts.at(-1);
      return last ? <AttemptOutcome attempt={last} /> : <span className="text-muted">none yet</span>;
    },
  },
  { title: 'Attempts', numeric: true, from: 'lg', cell: ({ attempts }) => attempts.length },
  timeColumn('Next attempt', ({ nextAttemptAt }) => nextAttemptAt, 'lg'),
  timeColumn('Made', ({ createdAt }) => createdAt),
];

interface DeliveryTableProps {
  deliveries: readonly WebhookDelivery[];
  /** Left out where they all go to the same webhook. */
  withUrl?: boolean;
}

export function DeliveryTable({ deliveries, withUrl = true }: DeliveryTableProps) {
  return (
    <KeyedRows what="delivery">
      <Table
        label="Deliveries"
        columns={[EVENT, ...(withUrl ? [URL] : []), ...REST]}
        rows={deliveries}
        rowKey={({ id }) => id}
      />
    </KeyedRows>
  );
}

/** @param attempts oldest first, as the API gives them; the newest stands on top */
export function AttemptList({ attempts }: { attempts: readonly WebhookAttempt[] }) {
  return (
    <ol aria-label="Attempts" className="divide-y divide-line rounded-lg border border-line bg-surface">
      {attempts.toReversed().map((attempt) => (
        <Attempt key={attempt.at} attempt={attempt} />
      ))}
    </ol>
  );
}

function Attempt({ attempt }: { attempt: WebhookAttempt }) {
  const { at, durationMs, answer } = attempt;
  return (
    <li className="flex flex-col gap-1.5 px-4 py-2.5 sm:flex-row sm:gap-4">
      <span className="flex shrink-0 items-center justify-between gap-3 self-start max-sm:w-full sm:grid sm:grid-cols-[6.5rem_8.5rem_4.5rem]">
        <RelativeTime at={at} />
        <span>
          <AttemptOutcome attempt={attempt} />
        </span>
        <span className="text-right whitespace-nowrap text-muted tabular-nums">{duration(durationMs)}</span>
      </span>
      {answer === '' ? (
        <span className="text-muted">It said nothing.</span>
      ) : (
        <pre
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by the keyboard
          tabIndex={0}
          className="max-h-40 min-w-0 flex-1 overflow-auto font-mono text-xs leading-5 whitespace-pre-wrap wrap-anywhere"
        >
          <ForeignText text={answer} />
        </pre>
      )}
    </li>
  );
}

export const DELIVERY_STATUS_NAMES: Record<DeliveryStatus, string> = {
  pending: 'Pending',
  delivered: 'Delivered',
  failed: 'Failed',
};

const TONES: Record<DeliveryStatus, Tone> = { pending: 'info', delivered: 'ok', failed: 'bad' };

const ERRORS: Record<AttemptError, string> = {
  name_not_resolved: 'name not found',
  address_not_allowed: 'address not allowed',
  connection_failed: 'no connection',
  tls_failed: 'TLS failed',
  timeout: 'no answer in time',
  broken_answer: 'broken answer',
  no_secret: 'no secret to sign with',
};

export function DeliveryState({ delivery: { status } }: { delivery: Pick<WebhookDelivery, 'status'> }) {
  return (
    <Status tone={TONES[status]} live={status === 'pending'}>
      {DELIVERY_STATUS_NAMES[status]}
    </Status>
  );
}

/** 2xx is the only success. */
function AttemptOutcome({ attempt: { status, error } }: { attempt: WebhookAttempt }) {
  const good = status !== null && status >= 200 && status < 300;
  return <Badge tone={good ? 'ok' : 'bad'}>{status === null ? ERRORS[error ?? 'broken_answer'] : status}</Badge>;
}
