// /usage: what the account's keys and tasks did, used and cost, and what failed.
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { type SpanSearch, spanSearch } from '../../format/spans.ts';
import type { Page } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';
import { isGrouping, SPANS } from './groupings.ts';

interface UsageSearch extends SpanSearch {
  /** What the table is by; missing: by key. */
  by?: string | undefined;
  /** Only what counts for this key. */
  key?: string | undefined;
}

const usageRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/usage',
  validateSearch: (search: Record<string, unknown>): UsageSearch => ({
    ...spanSearch(search, SPANS),
    by: isGrouping(search['by']) ? search['by'] : undefined,
    key: typeof search['key'] === 'string' ? search['key'] : undefined,
  }),
  component: lazyRouteComponent(() => import('./usage.tsx'), 'Usage'),
});

export const usagePage = {
  name: 'Usage',
  path: '/usage',
  icon: 'chart',
  keys: 'g u',
  needs: 'obs summary',
  routes: [usageRoute],
} as const satisfies Page;
