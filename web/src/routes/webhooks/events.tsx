// /webhooks/events and /webhooks/events/<id>: what happened in the account, whether a webhook heard of it or not.
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import type { WebhookEvent } from '../../../../src/protocol/webhook.ts';
import { useCommand, usePages, useSeed } from '../../api/use-command.ts';
import { prettyJson } from '../../format/pretty-json.ts';
import { spanInput } from '../../format/spans.ts';
import { CodeBlock, Mono } from '../../ui/code.tsx';
import { FilterField, type FilterFieldProps, SpanPicker } from '../../ui/fields.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { BackLink, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime, timeColumn } from '../../ui/relative-time.tsx';
import { Answer, EmptyState, ListAnswer } from '../../ui/states.tsx';
import { type Column, KeyedRows, ROW_LINK, Table } from '../../ui/table.tsx';
import { TaskLink } from '../tasks/list/task-list.tsx';
import { type EventsSearch, groupTypes, TIME_SPANS } from './filters.ts';
import { DeliveryTable, NoMatch, WebhooksFrame } from './webhooks-frame.tsx';

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
    from: 'sm',
    className: 'w-full max-w-0',
    cell: ({ data }) => (
      <span className="block truncate font-mono text-xs leading-5 text-muted">
        <ForeignText text={JSON.stringify(data)} />
      </span>
    ),
  },
  timeColumn('When', ({ timestamp }) => timestamp),
];

export function Events() {
  const { type, ...span } = useSearch({ from: '/shell/webhooks/events' });
  const navigate = useNavigate({ from: '/webhooks/events' });
  const filter = { type, ...spanInput(span, Date.now()) };
  const events = usePages('webhooks events list', filter, { refreshMs: REFRESH_MS });
  const show = (search: EventsSearch) => void navigate({ search, replace: true });
  return (
    <WebhooksFrame>
      <search className="flex flex-wrap items-center gap-2">
        <TypeFilter value={type} onChange={(chosen) => show({ ...span, type: chosen })} />
        <SpanPicker offered={TIME_SPANS} value={span} onChange={(chosen) => show({ ...chosen, type })} />
      </search>
      <ListAnswer
        query={events}
        empty={
          type || span.span ? (
            <NoMatch title="No event is like that" onClear={() => show({})}>
              None in this time and of this type.
            </NoMatch>
          ) : (
            <EmptyState icon="list" title="Nothing has happened yet">
              Tasks that start and end, keys that are created and revoked: all of it is kept here, also when no
              webhook hears of it.
            </EmptyState>
          )
        }
      >
        <KeyedRows what="event">
          <Table label="Events" columns={COLUMNS} rows={events.items} rowKey={({ id }) => id} />
        </KeyedRows>
      </ListAnswer>
    </WebhooksFrame>
  );
}

function TypeFilter({ value, onChange }: Pick<FilterFieldProps<string>, 'value' | 'onChange'>) {
  const types = useCommand('webhooks types list', {});
  const groups = groupTypes(types.data?.items ?? [], value ? [value] : []);
  const patterns = groups.flatMap((group) => [group.pattern, ...group.types.map(({ name }) => name)]);
  return (
    <FilterField
      label="Type"
      any="All types"
      className="w-48 sm:w-56"
      value={value}
      options={patterns.map((pattern) => ({ value: pattern, label: pattern }))}
      onChange={onChange}
    />
  );
}

export function Event() {
  const { id } = useParams({ from: '/shell/webhooks/events/$id' });
  const event = useCommand('webhooks events get', { id }, { refreshMs: REFRESH_MS });
  const type = event.data?.event.type;
  return (
    <PageFrame
      title={type ? <span className="font-mono">{type}</span> : 'Event'}
      tabTitle="Event"
      above={<BackLink to="/webhooks/events">Events</BackLink>}
    >
      <Answer query={event}>
        {(data) => (
          <>
            <Details event={data.event} />
            <Section title="What is posted">
              <CodeBlock text={bodyOf(data.event)} label="Copy the JSON" />
            </Section>
            <Section title="Deliveries">
              {data.deliveries.length > 0 ? (
                <DeliveryTable deliveries={data.deliveries} />
              ) : (
                <p className="text-muted">No webhook wanted it when it happened.</p>
              )}
            </Section>
          </>
        )}
      </Answer>
    </PageFrame>
  );
}

function Details({ event: { id, timestamp, seq, data } }: { event: WebhookEvent }) {
  const { may } = useSeed();
  const taskId = data['taskId'];
  return (
    <Facts
      of={{
        When: <RelativeTime at={timestamp} />,
        Id: <Mono>{id}</Mono>,
        'Place in the stream': seq,
        Task: typeof taskId === 'string' && may('tasks get') && <TaskLink id={taskId} />,
      }}
    />
  );
}

/** As a receiver gets it, but for its white space. */
function bodyOf({ type, timestamp, data }: WebhookEvent): string {
  return prettyJson({ type, timestamp, data });
}
