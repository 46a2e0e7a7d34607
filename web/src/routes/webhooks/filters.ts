// What lists of events and deliveries can be kept to: spans of time, and patterns of event types.
import type { DeliveryStatus, WebhookEventType } from '../../../../src/protocol/webhook.ts';
import { type SpanSearch, spanSearch } from '../../format/spans.ts';
import { textIn } from '../../shell/page.ts';

export const TIME_SPANS = [
  { value: 'any', label: 'Any time' },
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
] as const;

const SPANS: readonly string[] = TIME_SPANS.slice(1).map(({ value }) => value);

export interface EventsSearch extends SpanSearch {
  /** A type such as `task.completed`, or all of a noun: `task.*`. */
  type?: string | undefined;
}

export function eventsSearch(search: Record<string, unknown>): EventsSearch {
  return { ...spanSearch(search, SPANS), type: textIn(search['type']) };
}

export interface DeliveriesSearch extends SpanSearch {
  state?: DeliveryStatus | undefined;
  webhook?: string | undefined;
}

export const DELIVERY_STATUSES: readonly DeliveryStatus[] = ['pending', 'delivered', 'failed'];

export function deliveriesSearch(search: Record<string, unknown>): DeliveriesSearch {
  return {
    ...spanSearch(search, SPANS),
    state: DELIVERY_STATUSES.find((status) => status === search['state']),
    webhook: textIn(search['webhook']),
  };
}

export interface TypeGroup {
  /** What stands for all of them, such as `task.*`. */
  pattern: string;
  types: readonly WebhookEventType[];
}

/** @param chosen patterns that are nowhere else in the list stand in a group of their own, so that none is lost */
export function groupTypes(types: readonly WebhookEventType[], chosen: readonly string[]): TypeGroup[] {
  const groups = Map.groupBy(types, ({ name }) => `${name.split('.')[0]}.*`);
  const known = new Set(['*', ...groups.keys(), ...types.map(({ name }) => name)]);
  const others = chosen.filter((pattern) => !known.has(pattern));
  return [
    ...[...groups].map(([pattern, members]) => ({ pattern, types: members })),
    ...others.map((pattern) => ({ pattern, types: [] })),
  ];
}

/** With the pattern or without it; what it stands for need not be named beside it. */
export function toggled(chosen: readonly string[], pattern: string, on: boolean): string[] {
  const rest = chosen.filter((one) => one !== pattern && !(on && isWithin(one, pattern)));
  return on ? [...rest, pattern] : rest;
}

/** Whether `pattern` says all that `type` says: `task.*` of `task.stopped`. */
export function isWithin(type: string, pattern: string): boolean {
  return pattern.endsWith('.*') && type !== pattern && type.startsWith(pattern.slice(0, -1));
}
