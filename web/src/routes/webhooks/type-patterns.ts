// What a checklist of event types stands for: types, `task.*` for all of a noun, `*` for all.
import type { WebhookEventType } from '../../../../src/protocol/webhook.ts';

export interface TypeGroup {
  /** `task.*` */
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
