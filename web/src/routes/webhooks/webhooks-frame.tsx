// What the three lists have in common: heading and tabs, and what stands there when a filter leaves nothing.
import type { ReactNode } from 'react';
import { Button } from '../../ui/button.tsx';
import { PageFrame, TabLinks } from '../../ui/page-frame.tsx';
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
