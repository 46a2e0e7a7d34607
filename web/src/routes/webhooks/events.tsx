// /webhooks/events: what happened in the account, whether a webhook heard of it or not.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { WebhookEvent } from '../../../../src/protocol/webhook.ts';
import { useCommand, usePages } from '../../api/use-command.ts';
import { spanInput } from '../../format/spans.ts';
import { Button } from '../../ui/button.tsx';
import { SelectField } from '../../ui/fields.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { SpanPicker } from '../../ui/span-picker.tsx';
import { EmptyState, ListStates } from '../../ui/states.tsx';
import { type Column, KeyedRows, ROW_LINK, Table } from '../../ui/table.tsx';
import { groupTypes, TIME_SPANS } from './filters.ts';
import { WebhooksFrame } from './webhooks-frame.tsx';

const REFRESH_MS = 5_000;

const COLUMNS: readonly Column<WebhookEvent>[] = [
  {
    title: 'Type',
    className: 'whitespace-nowrap',
    cell: ({ id, type }) => (
      <Link
        data-row
        to="/webhooks/events/$id"
        params={{ id }}
        search={(before) => before}
        className={`${ROW_LINK} font-mono text-sm`}
      >
        {type}
      </Link>
    ),
  },
  {
    title: 'What it tells',
    className: 'hidden w-full max-w-0 sm:table-cell',
    cell: ({ data }) => (
      <span className="block truncate font-mono text-xs leading-5 text-muted">
        <ForeignText text={JSON.stringify(data)} />
      </span>
    ),
  },
  { title: 'When', className: 'text-muted', cell: ({ timestamp }) => <RelativeTime at={timestamp} /> },
];

export function Events() {
  const { type, ...span } = useSearch({ from: '/shell/webhooks/events' });
  const navigate = useNavigate({ from: '/webhooks/events' });
  const events = usePages(
    'webhooks events list',
    { type, ...spanInput(span, Date.now()) },
    { refreshMs: REFRESH_MS },
  );
  const isFiltered = Boolean(type || span.span);
  const clear = () => void navigate({ search: {}, replace: true });
  return (
    <WebhooksFrame>
      <search className="flex flex-wrap items-center gap-2">
        <TypeFilter
          value={type ?? ''}
          onChange={(chosen) =>
            void navigate({ search: (before) => ({ ...before, type: chosen || undefined }), replace: true })
          }
        />
        <SpanPicker
          offered={TIME_SPANS}
          value={span}
          onChange={(chosen) => void navigate({ search: { type, ...chosen }, replace: true })}
        />
      </search>
      <ListStates
        query={events}
        empty={
          isFiltered ? (
            <EmptyState
              icon="search"
              title="No event is like that"
              action={<Button onClick={clear}>Clear the filters</Button>}
            >
              None in this time and of this type.
            </EmptyState>
          ) : (
            <EmptyState icon="list" title="Nothing has happened yet">
              Tasks that start and end, keys that are created and revoked: all of it is kept here, also when
              no webhook hears of it.
            </EmptyState>
          )
        }
      >
        <KeyedRows what="event">
          <Table label="Events" columns={COLUMNS} rows={events.items} rowKey={({ id }) => id} />
        </KeyedRows>
      </ListStates>
    </WebhooksFrame>
  );
}

/** One type, or all of a noun. */
function TypeFilter({ value, onChange }: { value: string; onChange(type: string): void }) {
  const types = useCommand('webhooks types list', {});
  const patterns = groupTypes(types.data?.items ?? [], value === '' ? [] : [value]).flatMap((group) => [
    group.pattern,
    ...group.types.map(({ name }) => name),
  ]);
  return (
    <SelectField
      label="Type"
      labelHidden
      className="w-48 sm:w-56"
      value={value}
      options={[
        { value: '', label: 'All types' },
        ...patterns.map((pattern) => ({ value: pattern, label: pattern })),
      ]}
      onChange={onChange}
    />
  );
}
