// /webhooks, its events and its deliveries: where events go, what happened, what became of it.
import { createRoute, lazyRouteComponent as lazy } from '@tanstack/react-router';
import { type Page, pageRoute } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';
import { deliveriesSearch, eventsSearch } from './filters.ts';

const webhooks = createRoute({ getParentRoute: () => shellRoute, path: '/webhooks' });
const endpoints = () => import('./endpoints.tsx');
const events = () => import('./events.tsx');
const deliveries = () => import('./deliveries.tsx');

export const webhooksPage = {
  name: 'Webhooks',
  path: '/webhooks',
  icon: 'webhook',
  keys: 'g w',
  needs: 'webhooks list',
  routes: [
    webhooks.addChildren([
      pageRoute(webhooks, '/', lazy(endpoints, 'Endpoints')),
      pageRoute(webhooks, '$id', lazy(endpoints, 'Endpoint')),
      // One thing keeps the filters of its list, so that one comes back to it as it was.
      pageRoute(webhooks, 'events', lazy(events, 'Events'), eventsSearch),
      pageRoute(webhooks, 'events/$id', lazy(events, 'Event'), eventsSearch),
      pageRoute(webhooks, 'deliveries', lazy(deliveries, 'Deliveries'), deliveriesSearch),
      pageRoute(webhooks, 'deliveries/$id', lazy(deliveries, 'Delivery'), deliveriesSearch),
    ]),
  ],
} as const satisfies Page;
