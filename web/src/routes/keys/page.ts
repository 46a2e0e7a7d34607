// /keys, /keys/new and /keys/<id>: the account's API keys.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { Page } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';
import { keysSearch } from './filters.ts';

const keysRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/keys',
  validateSearch: keysSearch,
  component: lazyRouteComponent(() => import('./keys.tsx'), 'Keys'),
});

const newKeyRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/keys/new',
  component: lazyRouteComponent(() => import('./new-key.tsx'), 'NewKey'),
});

const keyRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/keys/$id',
  // The filters of the list that one came from, and goes back to.
  validateSearch: keysSearch,
  component: lazyRouteComponent(() => import('./key.tsx'), 'KeyPage'),
});

export const keysPage = {
  name: 'Keys',
  path: '/keys',
  icon: 'key',
  keys: 'g k',
  needs: 'keys list',
  routes: [keysRoute, newKeyRoute, keyRoute],
} as const satisfies Page;
