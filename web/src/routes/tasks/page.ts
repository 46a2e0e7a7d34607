// /tasks, /tasks/new, and /tasks/<id> with its views, the conversation first.
import { lazyRouteComponent as lazy } from '@tanstack/react-router';
import { type Page, pageRoute, textIn } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';
import { tasksSearch } from './list/task-list.tsx';
import { newTaskSearch } from './new/search.ts';

const artifactsSearch = ({ name }: Record<string, unknown>): { name?: string | undefined } => ({
  name: textIn(name),
});

const tasks = lazy(() => import('./list/tasks.tsx'), 'Tasks');
const conversation = lazy(() => import('./task/conversation.tsx'), 'Conversation');
const ledger = lazy(() => import('./task/details.tsx'), 'Ledger');
const artifacts = lazy(() => import('./task/artifacts/artifacts.tsx'), 'Artifacts');
const usage = lazy(() => import('./task/details.tsx'), 'Usage');
const details = lazy(() => import('./task/details.tsx'), 'Details');
const newTask = lazy(() => import('./new/new-task.tsx'), 'NewTask');
const taskPage = lazy(() => import('./task/task.tsx'), 'Task');
const task = pageRoute(shellRoute, '/tasks/$id', taskPage);

export const tasksPage = {
  name: 'Tasks',
  path: '/tasks',
  icon: 'list',
  keys: 'g t',
  needs: 'tasks list',
  routes: [
    pageRoute(shellRoute, '/tasks', tasks, tasksSearch),
    task.addChildren([
      pageRoute(task, '/', conversation),
      pageRoute(task, 'ledger', ledger),
      pageRoute(task, 'artifacts', artifacts, artifactsSearch),
      pageRoute(task, 'usage', usage),
      pageRoute(task, 'details', details),
    ]),
  ],
} as const satisfies Page;

export const newTaskPage = {
  name: 'New task',
  path: '/tasks/new',
  icon: 'plus',
  keys: 'c',
  needs: 'tasks run',
  routes: [pageRoute(shellRoute, '/tasks/new', newTask, newTaskSearch)],
} as const satisfies Page;
