// /webhooks, /webhooks/<id>, /webhooks/events/<id>, /webhooks/deliveries/<id>: where events go, what happened, what became of it.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { Page } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';
import { deliveriesSearch, eventsSearch } from './filters.ts';

const webhooksRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/webhooks',
});

const endpointsRoute = createRoute({
  getParentRoute: () => webhooksRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./endpoints.tsx'), 'Endpoints'),
});

const endpointRoute = createRoute({
  getParentRoute: () => webhooksRoute,
  path: '$id',
  component: lazyRouteComponent(() => import('./endpoint.tsx'), 'Endpoint'),
});

const eventsRoute = createRoute({
  getParentRoute: () => webhooksRoute,
  path: 'events',
  validateSearch: eventsSearch,
  component: lazyRouteComponent(() => import('./events.tsx'), 'Events'),
});

const eventRoute = createRoute({
  getParentRoute: () => webhooksRoute,
  path: 'events/$id',
  // The list's, so that one comes back to it as it was.
  validateSearch: eventsSearch,
  component: lazyRouteComponent(() => import('./event.tsx'), 'Event'),
});

const deliveriesRoute = createRoute({
  getParentRoute: () => webhooksRoute,
  path: 'deliveries',
  validateSearch: deliveriesSearch,
  component: lazyRouteComponent(() => import('./deliveries.tsx'), 'Deliveries'),
});

const deliveryRoute = createRoute({
  getParentRoute: () => webhooksRoute,
  path: 'deliveries/$id',
  validateSearch: deliveriesSearch,
  component: lazyRouteComponent(() => import('./delivery.tsx'), 'Delivery'),
});

export const webhooksPage = {
  name: 'Webhooks',
  path: '/webhooks',
  icon: 'webhook',
  keys: 'g w',
  needs: 'webhooks list',
  routes: [
    webhooksRoute.addChildren([
      endpointsRoute,
      endpointRoute,
      eventsRoute,
      eventRoute,
      deliveriesRoute,
      deliveryRoute,
    ]),
  ],
} as const satisfies Page;
