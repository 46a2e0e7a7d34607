// Several reports by the same thing as one table. What a report has no group for, it counted nothing of.

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
    rows.set(item.group, {
      ...nothing,
      ...rows.get(item.group),
      ...figures,
      ...(name !== undefined && { name }),
    });
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
