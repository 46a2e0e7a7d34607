// What the pages of webhooks have in common: heading and tabs of the lists, the way back from one thing to its list.

import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { buttonLook } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useShortcut } from '../../ui/keyboard.ts';
import { PageFrame, TabLinks } from '../../ui/page-frame.tsx';

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

interface BackLinkProps {
  to: '/webhooks' | '/webhooks/events' | '/webhooks/deliveries';
  children: string;
}

/** From one thing back to its list with the filters it had, by hand and with Escape. */
export function BackLink({ to, children }: BackLinkProps) {
  const navigate = useNavigate();
  useShortcut('Escape', 'Back to the list', () => void navigate({ to, search: (before) => before }));
  return (
    <Link to={to} search={(before) => before} className={buttonLook('quiet', '-ml-2 self-start px-2!')}>
      <Icon name="chevron" className="rotate-180" />
      {children}
    </Link>
  );
}
