// What the page of usage can be asked for: spans, what the table can be by, and the columns that each has.

export interface UsageColumn {
  /** The name of the figure in the API's answers. */
  name: string;
  title: string;
  kind: 'count' | 'money' | 'ms';
  wide?: boolean;
}

const MODEL_CALLS: UsageColumn = { name: 'modelCalls', title: 'Model calls', kind: 'count', wide: true };
/** The model calls whose tokens nobody told, and those whose price nobody knows. */
const UNTOLD: readonly UsageColumn[] = [
  { name: 'estimated', title: 'Estimated', kind: 'count', wide: true },
  { name: 'unpriced', title: 'Unpriced', kind: 'count', wide: true },
];
const USED: readonly UsageColumn[] = [
  { name: 'inputTokens', title: 'Input tokens', kind: 'count', wide: true },
  { name: 'outputTokens', title: 'Output tokens', kind: 'count', wide: true },
  { name: 'llm', title: 'Models', kind: 'money', wide: true },
  { name: 'compute', title: 'Sandboxes', kind: 'money', wide: true },
  { name: 'total', title: 'Cost', kind: 'money' },
];
const REQUESTS: readonly UsageColumn[] = [
  { name: 'requests', title: 'Requests', kind: 'count' },
  { name: 'refused', title: 'Refused', kind: 'count', wide: true },
  { name: 'failed', title: 'Failed', kind: 'count', wide: true },
];
const TASKS: UsageColumn = { name: 'tasks', title: 'Tasks', kind: 'count', wide: true };

export const GROUPINGS = {
  key: { label: 'By key', head: 'Key', columns: [...REQUESTS, TASKS, MODEL_CALLS, ...USED] },
  model: { label: 'By model', head: 'Model', columns: [{ ...MODEL_CALLS, wide: false }, ...UNTOLD, ...USED] },
  command: {
    label: 'By command',
    head: 'Command',
    columns: [
      ...REQUESTS,
      { name: 'medianMs', title: 'Median', kind: 'ms', wide: true },
      { name: 'p95Ms', title: '95th percentile', kind: 'ms', wide: true },
    ],
  },
} as const satisfies Record<string, { label: string; head: string; columns: readonly UsageColumn[] }>;

export type Grouping = keyof typeof GROUPINGS;

export const DAY_COLUMNS: readonly UsageColumn[] = [...REQUESTS, TASKS, MODEL_CALLS, ...USED];

export function isGrouping(value: unknown): value is Grouping {
  return typeof value === 'string' && Object.hasOwn(GROUPINGS, value);
}

/** The spans that usage is shown for; the first is that of `seed obs` when it is told none. */
export const USAGE_SPANS = [
  { value: '30d', label: 'Last 30 days' },
  { value: '7d', label: 'Last 7 days' },
  { value: 'month', label: 'This month' },
] as const;

export const SPANS: readonly string[] = USAGE_SPANS.slice(1).map(({ value }) => value);
