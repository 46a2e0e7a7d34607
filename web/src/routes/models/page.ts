// /models: the models that tasks can be given, and whether they work.
import { lazyRouteComponent } from '@tanstack/react-router';
import { type Page, pageRoute } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';

const models = lazyRouteComponent(() => import('./models.tsx'), 'Models');

export const modelsPage = {
  name: 'Models',
  path: '/models',
  icon: 'chip',
  keys: 'g m',
  needs: 'models list',
  routes: [pageRoute(shellRoute, '/models', models)],
} as const satisfies Page;
