// What the page asks the API for. The summary says which moments the span lies between, and everything else is
// asked for between the same, so that all figures agree although things go on happening.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { CommandInput, Seed } from '../../api/seed.ts';
import { useSeed } from '../../api/use-command.ts';
import type { Grouping } from './groupings.ts';

/** A span as people ask for it, or between two moments, and of which key. */
export type Asked = CommandInput<'obs summary'>;

const REFRESH_MS = 30_000;

export function useOverview(asked: Asked) {
  const seed = useSeed();
  return useQuery({
    queryKey: ['obs overview', asked],
    queryFn: async ({ signal }) => {
      const summary = await seed.call('obs summary', asked, { signal });
      const between: Asked = { since: summary.from, until: summary.to, keyId: asked.keyId };
      const by = { ...between, by: 'day' } as const;
      const days: Report[] = await Promise.all([
        seed.call('obs requests', by, { signal }),
        seed.call('obs usage', by, { signal }),
        seed.call('obs costs', by, { signal }),
      ]);
      return { summary, between, days };
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

/** Answers with the grouping as well: until the answer is there, that of the one before stays. */
export function useGrouping(by: Grouping, between: Asked) {
  const seed = useSeed();
  return useQuery({
    queryKey: ['obs grouping', by, between],
    queryFn: async ({ signal }) => ({ by, reports: await reportsBy(seed, by, between, signal) }),
    placeholderData: keepPreviousData,
  });
}

/** The dearest come first, then what cost nothing. */
function reportsBy(seed: Seed, by: Grouping, between: Asked, signal: AbortSignal): Promise<Report[]> {
  if (by === 'command') return Promise.all([seed.call('obs requests', { ...between, by }, { signal })]);
  const used = [
    seed.call('obs costs', { ...between, by }, { signal }),
    seed.call('obs usage', { ...between, by }, { signal }),
  ];
  if (by === 'model') return Promise.all(used);
  return Promise.all([...used, seed.call('obs requests', { ...between, by }, { signal })]);
}

type Figures = Record<string, number>;

export interface UsageRow extends Record<string, unknown> {
  group: string;
  name?: string;
}

export interface Report {
  items: readonly { group: string; name?: string | undefined }[];
  totals: object;
  /** Groups beyond those that are given. */
  cut: number;
}

/** Rows in the order of the first report that has them. */
export function mergeReports(reports: readonly Report[], names: readonly string[]): UsageRow[] {
  const rows = new Map<string, UsageRow>();
  const nothing: Figures = Object.fromEntries(names.map((name) => [name, 0]));
  for (const item of reports.flatMap(({ items }) => items)) {
    const { name, ...figures } = item;
    rows.set(item.group, { ...nothing, ...rows.get(item.group), ...figures, ...(name !== undefined && { name }) });
  }
  return [...rows.values()];
}

export function mergeTotals(reports: readonly Report[]): Figures {
  return Object.assign({}, ...reports.map(({ totals }) => totals));
}

/** A row for each of the days, also for those on which nothing happened. */
export function fillDays(
  days: readonly string[],
  rows: readonly UsageRow[],
  names: readonly string[],
): UsageRow[] {
  const byDay = new Map(rows.map((row) => [row.group, row]));
  const nothing: Figures = Object.fromEntries(names.map((name) => [name, 0]));
  return days.map((group) => byDay.get(group) ?? { ...nothing, group });
}

export interface BarSeries {
  name: string;
  /** A colour of the theme. */
  tone: 'accent' | 'info' | 'bad';
  values: readonly number[];
}

/** The upper edge of each part of the bars, from the ground up. */
export function stack(series: readonly BarSeries[]): number[][] {
  const edges: number[][] = [];
  for (const { values } of series) {
    const below = edges.at(-1);
    edges.push(values.map((value, day) => value + (below?.[day] ?? 0)));
  }
  return edges;
}

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** `2026-11-24` → `24 Nov` */
export function dayName(day: string): string {
  return DAY.format(new Date(day));
}
