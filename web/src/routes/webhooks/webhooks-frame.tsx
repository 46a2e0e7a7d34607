// What the pages of webhooks share: heading and tabs, what stands there when a filter leaves nothing, states, types.
import type { ReactNode } from 'react';
import type { DisabledReason, Webhook } from '../../../../src/protocol/webhook.ts';
import { Badge, BadgeList, Status } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { PageFrame, TabLinks } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { EmptyState } from '../../ui/states.tsx';

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
