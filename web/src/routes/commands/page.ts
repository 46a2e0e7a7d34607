// /commands and /commands/keys-list: what an agent with this key can do.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { Page } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';

interface CommandsSearch {
  /** What is searched for. */
  q?: string | undefined;
}

const commandsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/commands',
  validateSearch: ({ q }: Record<string, unknown>): CommandsSearch => ({
    q: typeof q === 'string' && q !== '' ? q : undefined,
  }),
  component: lazyRouteComponent(() => import('./commands.tsx'), 'Commands'),
});

const overviewRoute = createRoute({
  getParentRoute: () => commandsRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./commands.tsx'), 'Overview'),
});

const commandRoute = createRoute({
  getParentRoute: () => commandsRoute,
  path: '$name',
  component: lazyRouteComponent(() => import('./command.tsx'), 'Command'),
});

export const commandsPage = {
  name: 'Commands',
  path: '/commands',
  icon: 'command',
  keys: 'g c',
  needs: null,
  routes: [commandsRoute.addChildren([overviewRoute, commandRoute])],
} as const satisfies Page;
