// The spans that usage is shown for; the first is that of `seed obs` when it is told none.
export const USAGE_SPANS = [
  { value: '30d', label: 'Last 30 days' },
  { value: '7d', label: 'Last 7 days' },
  { value: 'month', label: 'This month' },
] as const;

export const SPANS: readonly string[] = USAGE_SPANS.slice(1).map(({ value }) => value);
