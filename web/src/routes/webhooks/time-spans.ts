// The spans that events and deliveries can be kept to.
export const TIME_SPANS = [
  { value: 'any', label: 'Any time' },
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
] as const;

export const SPANS: readonly string[] = TIME_SPANS.slice(1).map(({ value }) => value);
