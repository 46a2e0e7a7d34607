// /webhooks, its events and its deliveries: where events go, what happened, what became of it.
import { createRoute, lazyRouteComponent as lazy } from '@tanstack/react-router';
import { type Page, pageRoute } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';
import { deliveriesSearch, eventsSearch } from './filters.ts';

const webhooks = createRoute({ getParentRoute: () => shellRoute, path: '/webhooks' });
const endpoints = lazy(() => import('./endpoints.tsx'), 'Endpoints');
const endpoint = lazy(() => import('./endpoints.tsx'), 'Endpoint');
const events = lazy(() => import('./events.tsx'), 'Events');
const event = lazy(() => import('./events.tsx'), 'Event');
const deliveries = lazy(() => import('./deliveries.tsx'), 'Deliveries');
const delivery = lazy(() => import('./deliveries.tsx'), 'Delivery');

export const webhooksPage = {
  name: 'Webhooks',
  path: '/webhooks',
  icon: 'webhook',
  keys: 'g w',
  needs: 'webhooks list',
  routes: [
    webhooks.addChildren([
      pageRoute(webhooks, '/', endpoints),
      pageRoute(webhooks, '$id', endpoint),
      // One thing keeps the filters of its list, so that one comes back to it as it was.
      pageRoute(webhooks, 'events', events, eventsSearch),
      pageRoute(webhooks, 'events/$id', event, eventsSearch),
      pageRoute(webhooks, 'deliveries', deliveries, deliveriesSearch),
      pageRoute(webhooks, 'deliveries/$id', delivery, deliveriesSearch),
    ]),
  ],
} as const satisfies Page;
