// /keys, /keys/new and /keys/<id>: the account's API keys.
import { lazyRouteComponent as lazy } from '@tanstack/react-router';
import { type Page, pageRoute } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';
import { keysSearch } from './filters.ts';

const keys = lazy(() => import('./keys.tsx'), 'Keys');
const newKey = lazy(() => import('./new-key.tsx'), 'NewKey');
const key = lazy(() => import('./key.tsx'), 'KeyPage');

export const keysPage = {
  name: 'Keys',
  path: '/keys',
  icon: 'key',
  keys: 'g k',
  needs: 'keys list',
  routes: [
    pageRoute(shellRoute, '/keys', keys, keysSearch),
    pageRoute(shellRoute, '/keys/new', newKey),
    // With the filters of the list that one came from, and goes back to.
    pageRoute(shellRoute, '/keys/$id', key, keysSearch),
  ],
} as const satisfies Page;
