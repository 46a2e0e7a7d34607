// /webhooks/events/<id>: one event as it is posted, and what became of it at each webhook.
import { useParams } from '@tanstack/react-router';
import type { WebhookEvent } from '../../../../src/protocol/webhook.ts';
import { useCommand, useSeed } from '../../api/use-command.ts';
import { prettyJson } from '../../format/pretty-json.ts';
import { CodeBlock, Mono } from '../../ui/code.tsx';
import { BackLink, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Answer } from '../../ui/states.tsx';
import { TaskLink } from '../tasks/list/task-status.tsx';
import { DeliveryTable } from './delivery-table.tsx';

const REFRESH_MS = 5_000;

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
