// /keys, /keys/new and /keys/<id>: the account's API keys.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { Page } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';
import { type KeyStatus, STATUS_NAMES } from './filters.ts';

export interface KeysSearch {
  q?: string | undefined;
  status?: KeyStatus | undefined;
  /** Days without use. */
  unused?: number | undefined;
  /** Also keys of tasks. */
  tasks?: true | undefined;
}

function readFilters({ q, status, unused, tasks }: Record<string, unknown>): KeysSearch {
  return {
    q: q === undefined || q === '' ? undefined : String(q),
    status: STATUS_NAMES.find((known) => known === status),
    unused: Number.isInteger(unused) && Number(unused) > 0 ? Number(unused) : undefined,
    tasks: tasks === true ? true : undefined,
  };
}

const keysRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/keys',
  validateSearch: readFilters,
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
  // Those of the list that one came from, and goes back to.
  validateSearch: readFilters,
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
