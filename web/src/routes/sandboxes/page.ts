// /sandboxes: where tasks run, for operators.
import { lazyRouteComponent } from '@tanstack/react-router';
import { type Page, pageRoute } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';

const sandboxes = lazyRouteComponent(() => import('./sandboxes.tsx'), 'Sandboxes');

export const sandboxesPage = {
  name: 'Sandboxes',
  path: '/sandboxes',
  icon: 'cube',
  keys: 'g s',
  needs: 'sandboxes list',
  routes: [pageRoute(shellRoute, '/sandboxes', sandboxes)],
} as const satisfies Page;
