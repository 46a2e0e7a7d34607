// /sandboxes: where tasks run, for operators.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { Page } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';

const sandboxesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/sandboxes',
  component: lazyRouteComponent(() => import('./sandboxes.tsx'), 'Sandboxes'),
});

export const sandboxesPage = {
  name: 'Sandboxes',
  path: '/sandboxes',
  icon: 'cube',
  keys: 'g s',
  needs: 'sandboxes list',
  routes: [sandboxesRoute],
} as const satisfies Page;
