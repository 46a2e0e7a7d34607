// /usage: what the account's keys and tasks did, used and cost, and what failed.
import { lazyRouteComponent } from '@tanstack/react-router';
import { type SpanSearch, spanSearch } from '../../format/spans.ts';
import { type Page, pageRoute, textIn } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';
import { isGrouping, SPANS } from './groupings.ts';

interface UsageSearch extends SpanSearch {
  /** What the table is by; by key where it is missing. */
  by?: string | undefined;
  key?: string | undefined;
}

const usage = lazyRouteComponent(() => import('./usage.tsx'), 'Usage');

const usageSearch = (search: Record<string, unknown>): UsageSearch => ({
  ...spanSearch(search, SPANS),
  by: isGrouping(search['by']) ? search['by'] : undefined,
  key: textIn(search['key']),
});

export const usagePage = {
  name: 'Usage',
  path: '/usage',
  icon: 'chart',
  keys: 'g u',
  needs: 'obs summary',
  routes: [pageRoute(shellRoute, '/usage', usage, usageSearch)],
} as const satisfies Page;
