// /schedules: what starts by the clock, and what became of each time that it was due.
import { createRoute, lazyRouteComponent as lazy } from '@tanstack/react-router';
import { type Page, pageRoute } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';

const schedules = createRoute({ getParentRoute: () => shellRoute, path: '/schedules' });
const pages = () => import('./schedules.tsx');

export const schedulesPage = {
  name: 'Schedules',
  path: '/schedules',
  icon: 'clock',
  keys: 'g d',
  needs: 'schedules list',
  routes: [
    schedules.addChildren([
      pageRoute(schedules, '/', lazy(pages, 'Schedules')),
      pageRoute(schedules, '$id', lazy(pages, 'OneSchedule')),
    ]),
  ],
} as const satisfies Page;
