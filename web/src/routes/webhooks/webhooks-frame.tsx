// What the three lists have in common: heading and tabs.
import type { ReactNode } from 'react';
import { PageFrame } from '../../ui/page-frame.tsx';
import { TabLinks } from '../../ui/tab-links.tsx';

const TABS = [
  { name: 'Endpoints', to: '/webhooks', exact: true },
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
