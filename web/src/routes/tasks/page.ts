// /tasks, /tasks/new, and /tasks/<id> with its views: the conversation first, then ledger, artifacts, usage and details.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { type Page, textIn } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';
import { type NewTaskSearch, readSearch } from './new/search.ts';
import { tasksSearch } from './task-list.ts';

interface ArtifactsSearch {
  /** The name of the artifact that is looked at. */
  name?: string | undefined;
}

const tasksRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/tasks',
  validateSearch: tasksSearch,
  component: lazyRouteComponent(() => import('./tasks.tsx'), 'Tasks'),
});

const taskRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/tasks/$id',
  component: lazyRouteComponent(() => import('./task/task.tsx'), 'Task'),
});

const conversationRoute = createRoute({
  getParentRoute: () => taskRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./task/conversation/conversation.tsx'), 'Conversation'),
});

const ledgerRoute = createRoute({
  getParentRoute: () => taskRoute,
  path: 'ledger',
  component: lazyRouteComponent(() => import('./task/ledger.tsx'), 'Ledger'),
});

const artifactsRoute = createRoute({
  getParentRoute: () => taskRoute,
  path: 'artifacts',
  validateSearch: ({ name }: Record<string, unknown>): ArtifactsSearch => ({ name: textIn(name) }),
  component: lazyRouteComponent(() => import('./task/artifacts/artifacts.tsx'), 'Artifacts'),
});

const usageRoute = createRoute({
  getParentRoute: () => taskRoute,
  path: 'usage',
  component: lazyRouteComponent(() => import('./task/usage.tsx'), 'Usage'),
});

const detailsRoute = createRoute({
  getParentRoute: () => taskRoute,
  path: 'details',
  component: lazyRouteComponent(() => import('./task/details.tsx'), 'Details'),
});

export const tasksPage = {
  name: 'Tasks',
  path: '/tasks',
  icon: 'list',
  keys: 'g t',
  needs: 'tasks list',
  routes: [
    tasksRoute,
    taskRoute.addChildren([conversationRoute, ledgerRoute, artifactsRoute, usageRoute, detailsRoute]),
  ],
} as const satisfies Page;

const newTaskRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/tasks/new',
  validateSearch: (search: Record<string, unknown>): NewTaskSearch => readSearch(search),
  component: lazyRouteComponent(() => import('./new/new-task.tsx'), 'NewTask'),
});

/**
 * /tasks/new: an instruction, what its agent may do and use, and the same call to copy. The address has all of
 * it.
 */
export const newTaskPage = {
  name: 'New task',
  path: '/tasks/new',
  icon: 'plus',
  keys: 'c',
  needs: 'tasks run',
  routes: [newTaskRoute],
} as const satisfies Page;
