// /tasks/new: an instruction, what its agent may do and use, and the same call to copy. The address has all of it.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { Page } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell-route.tsx';
import { type NewTaskSearch, readSearch } from './search.ts';

const newTaskRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/tasks/new',
  validateSearch: (search: Record<string, unknown>): NewTaskSearch => readSearch(search),
  component: lazyRouteComponent(() => import('./new-task.tsx'), 'NewTask'),
});

export const newTaskPage = {
  name: 'New task',
  path: '/tasks/new',
  icon: 'plus',
  keys: 'c',
  needs: 'tasks run',
  routes: [newTaskRoute],
} as const satisfies Page;
