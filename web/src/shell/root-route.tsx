// The root of all routes: what is shown on every one of them, signed in or not.
import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, Outlet } from '@tanstack/react-router';
import { Toasts } from '../ui/toast.tsx';
import type { Page } from './page.ts';

export interface RouterContext {
  queryClient: QueryClient;
  pages: readonly Page[];
}

export const rootRoute = createRootRouteWithContext<RouterContext>()({
  component: () => (
    <>
      <Outlet />
      <Toasts />
    </>
  ),
});
