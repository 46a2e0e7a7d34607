// Deliveries as rows: of all webhooks, of one, or of one event.
import { Link } from '@tanstack/react-router';
import type { WebhookDelivery } from '../../../../src/protocol/webhook.ts';
import { KeyedRows, ROW_LINK } from '../../shell/keyboard/keyed-rows.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { AttemptOutcome, DeliveryState } from './delivery-state.tsx';

const EVENT: Column<WebhookDelivery> = {
  title: 'Event',
  cell: ({ id, eventType }) => (
    <Link
      data-row
      to="/webhooks/deliveries/$id"
      params={{ id }}
      search={(before) => before}
      className={`${ROW_LINK} font-mono text-sm wrap-anywhere`}
    >
      {eventType}
    </Link>
  ),
};

const URL: Column<WebhookDelivery> = {
  title: 'To',
  className: 'hidden md:table-cell min-w-40 text-muted',
  cell: ({ url }) => <span className="wrap-anywhere">{url}</span>,
};

const REST: readonly Column<WebhookDelivery>[] = [
  { title: 'State', cell: (delivery) => <DeliveryState delivery={delivery} /> },
  {
    title: 'Last answer',
    className: 'hidden sm:table-cell',
    cell: ({ attempts }) => {
      const last = attempts.at(-1);
      return last ? <AttemptOutcome attempt={last} /> : <span className="text-muted">none yet</span>;
    },
  },
  {
    title: 'Attempts',
    numeric: true,
    className: 'hidden lg:table-cell',
    cell: ({ attempts }) => attempts.length,
  },
  {
    title: 'Next attempt',
    className: 'hidden lg:table-cell text-muted',
    cell: ({ nextAttemptAt }) => (nextAttemptAt ? <RelativeTime at={nextAttemptAt} /> : '–'),
  },
  {
    title: 'Made',
    className: 'text-muted',
    cell: ({ createdAt }) => <RelativeTime at={createdAt} />,
  },
];

interface DeliveryTableProps {
  deliveries: readonly WebhookDelivery[];
  /** Of one webhook they all go to the same. */
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
