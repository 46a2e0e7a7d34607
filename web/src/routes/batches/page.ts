// /batches: one instruction on many rows, and what came of each of them.
import { createRoute, lazyRouteComponent as lazy } from '@tanstack/react-router';
import { type Page, pageRoute } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';

const batches = createRoute({ getParentRoute: () => shellRoute, path: '/batches' });
const pages = () => import('./batches.tsx');

export const batchesPage = {
  name: 'Batches',
  path: '/batches',
  icon: 'list',
  keys: 'g b',
  needs: 'batches list',
  routes: [
    batches.addChildren([
      pageRoute(batches, '/', lazy(pages, 'Batches')),
      pageRoute(batches, '$id', lazy(pages, 'OneBatch')),
    ]),
  ],
} as const satisfies Page;
