// The types of events there are, Seed's own and those that packs declare, and which of them a pattern stands for.
import { SeedError } from './errors.ts';

export interface EventType {
  /** `task.completed` */
  name: string;
  /** One line: when it happens. */
  summary: string;
}

/** Goes to one endpoint, once. */
export const TEST_EVENT = 'webhook.test';

export const BUILT_IN_EVENT_TYPES: readonly EventType[] = [
  { name: 'task.started', summary: 'A runner has taken a task' },
  { name: 'task.completed', summary: 'A task has completed: exit code, token counts, cost' },
  { name: 'task.failed', summary: 'A task has failed or timed out: error code and message' },
  { name: 'task.stopped', summary: 'A task was stopped' },
  { name: 'task.approval_requested', summary: 'A call, or a task at its budget, waits for a person' },
  { name: 'task.approval_decided', summary: 'An approval was decided on, or nobody can decide on it any more' },
  { name: 'key.created', summary: 'A key was created' },
  { name: 'key.revoked', summary: 'A key was revoked' },
  { name: 'key.expiring', summary: 'A key that was given more than a week ends within a week' },
  { name: 'schedule.paused', summary: 'A schedule was paused, by somebody or because its runs cannot go on: why' },
  { name: 'schedule.failed', summary: 'A run of a schedule could not start, or its task or command failed' },
  { name: 'batch.completed', summary: 'Every row of a batch has ended: how many completed, failed and so on' },
  { name: 'batch.stopped', summary: 'A batch was stopped, and its tasks have ended' },
  { name: 'batch.paused', summary: 'A batch was paused, by somebody or because its rows cannot go on: why' },
  { name: 'webhook.disabled', summary: 'A webhook was switched off: it was gone, or failed for five days' },
  { name: TEST_EVENT, summary: 'Somebody tries out a webhook; only that one hears of it' },
];

export interface EventTypes {
  readonly all: readonly EventType[];
  /** @throws SeedError internal: an event of a type that nobody declared is a mistake in the code */
  refuseUndeclared(type: string): void;
  /** @throws SeedError invalid_input, naming the patterns that no type matches */
  refuseUnknown(patterns: readonly string[]): void;
}

/** @throws SeedError invalid_settings when two are called the same */
export function createEventTypes(all: readonly EventType[]): EventTypes {
  const names = all.map(({ name }) => name);
  const clash = names.find((name, index) => names.indexOf(name) !== index);
  if (clash !== undefined)
    throw new SeedError('invalid_settings', `two types of events are both called "${clash}"`);
  return {
    all,
    refuseUndeclared(type) {
      if (!names.includes(type)) throw new SeedError('internal', `nobody has declared events of type "${type}"`);
    },
    refuseUnknown(patterns) {
      const unknown = patterns.filter((pattern) => !names.some((name) => matchesType(pattern, name)));
      if (unknown.length === 0) return;
      throw new SeedError('invalid_input', `there are no events of type ${unknown.join(', ')}`, {
        hint: `There are: ${names.join(', ')}; task.* and * stand for several.`,
      });
    },
  };
}

/** `*`, a type, or the beginning of some: `task.*`. The same in SQL is in server/webhooks/fan-out.ts. */
export function matchesType(pattern: string, type: string): boolean {
  if (pattern === '*' || pattern === type) return true;
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}
