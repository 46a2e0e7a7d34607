// /webhooks/deliveries: what became of each event at each webhook.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { DeliveryStatus } from '../../../../src/protocol/webhook.ts';
import { useSeed } from '../../api/seed-context.ts';
import { usePages } from '../../api/use-command.ts';
import { spanInput } from '../../format/spans.ts';
import { Button } from '../../ui/button.tsx';
import { ListStates } from '../../ui/list-states.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { SpanPicker } from '../../ui/span-picker.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { DELIVERY_STATUS_NAMES } from './delivery-state.tsx';
import { DeliveryTable } from './delivery-table.tsx';
import { EndpointChoice } from './endpoint-choice.tsx';
import { ReplayFailed } from './replay-failed.tsx';
import { TIME_SPANS } from './time-spans.ts';
import { WebhooksFrame } from './webhooks-frame.tsx';

const REFRESH_MS = 5_000;
const STATUSES = [
  { value: '', label: 'Any state' },
  ...Object.entries(DELIVERY_STATUS_NAMES).map(([value, label]) => ({ value, label })),
];

export function Deliveries() {
  const { may } = useSeed();
  const { state, webhook, ...span } = useSearch({ from: '/shell/webhooks/deliveries' });
  const navigate = useNavigate({ from: '/webhooks/deliveries' });
  const [replaying, setReplaying] = useState(false);
  const filter = { status: state, webhookId: webhook, ...spanInput(span, Date.now()) };
  const deliveries = usePages('webhooks deliveries list', filter, { refreshMs: REFRESH_MS });
  const isFiltered = Boolean(state || webhook || span.span);
  const clear = () => void navigate({ search: {}, replace: true });
  return (
    <WebhooksFrame
      actions={
        may('webhooks deliveries replay-failed') && (
          <Button onClick={() => setReplaying(true)}>Replay failed…</Button>
        )
      }
    >
      <search className="flex flex-wrap items-center gap-2">
        <SelectField
          label="State"
          labelHidden
          className="w-36"
          value={state ?? ''}
          options={STATUSES}
          onChange={(chosen) =>
            void navigate({
              search: (before) => ({
                ...before,
                state: (chosen || undefined) as DeliveryStatus | undefined,
              }),
              replace: true,
            })
          }
        />
        <EndpointChoice
          labelHidden
          className="max-sm:order-last max-sm:w-full sm:w-56"
          value={webhook ?? ''}
          onChange={(id) =>
            void navigate({ search: (before) => ({ ...before, webhook: id || undefined }), replace: true })
          }
        />
        <SpanPicker
          offered={TIME_SPANS}
          value={span}
          onChange={(chosen) => void navigate({ search: { state, webhook, ...chosen }, replace: true })}
        />
      </search>
      <ListStates
        query={deliveries}
        empty={
          isFiltered ? (
            <EmptyState
              icon="search"
              title="No delivery is like that"
              action={<Button onClick={clear}>Clear the filters</Button>}
            >
              None in this time, of this state and to this webhook.
            </EmptyState>
          ) : (
            <EmptyState icon="webhook" title="Nothing was delivered yet">
              Each event that a webhook wants is a delivery, with its attempts and what the receiver answered.
              “Send a test” on a webhook makes the first.
            </EmptyState>
          )
        }
      >
        <DeliveryTable deliveries={deliveries.items} />
      </ListStates>
      {replaying && <ReplayFailed webhookId={webhook ?? ''} onClose={() => setReplaying(false)} />}
    </WebhooksFrame>
  );
}
