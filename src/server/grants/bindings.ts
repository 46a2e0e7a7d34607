// What binds a call: the limits and settings of its key, of all that it comes from, and of the command. Pure.
import type { Command } from '../../command/define-command.ts';
import type { CommandLimit, Grants, Limit } from '../../protocol/grant.ts';
import type { Key } from '../../protocol/key.ts';
import { isAbout } from './compile-limit.ts';

/** One limit that is about the command of a call. */
export interface Binding {
  limit: Limit;
  /** In words: `limits[0] of the key "ci"`. */
  whose: string;
  /** The key, or the task key, whose counters it has. */
  holder: string;
  taskSpan: string;
  /** Before the name of a counter: limits of a command count apart from those of its callers. */
  prefix: string;
}

/** The key, then all whose limits bind it: the nearest first, the root last. */
export function chainOf({
  lineage,
  grantors,
}: {
  lineage: readonly Key[];
  grantors: readonly Key[];
}): readonly Key[] {
  return grantors.length === 0 ? lineage : [...lineage, ...grantors];
}

export function isBound({ limits, approval, loop }: Grants): boolean {
  return limits.length > 0 || approval !== null || loop !== null;
}

/** Kept, so that each is compiled once. */
const ownLimits = new WeakMap<CommandLimit, Limit>();

/** A command's own limit as a key would have it. */
export function limitOf(own: CommandLimit, command: string): Limit {
  const { per = 'task', else: otherwise = 'deny' } = own;
  const limit = ownLimits.get(own) ?? { ...own, per, else: otherwise, command };
  ownLimits.set(own, limit);
  return limit;
}

/** Those of the root first. */
export function bindingsOf(
  chain: readonly Key[],
  command: Pick<Command, 'name' | 'scope' | 'effect' | 'limits'>,
): Binding[] {
  const bindings: Binding[] = [];
  // The topmost task below the holder: what one of its agents starts counts in the same.
  const spanOf = (index: number) => {
    const task = chain.slice(0, index + 1).findLast((key) => key.taskId !== null)?.taskId;
    return task === undefined || task === null ? 'key' : `task:${task}`;
  };
  const root = chain.at(-1);
  if (root) {
    for (const [index, own] of (command.limits ?? []).entries()) {
      const whose = `limits[${index}] of the command "${command.name}"`;
      bindings.push({
        ...{ limit: limitOf(own, command.name), whose, holder: root.id },
        ...{ taskSpan: spanOf(chain.length - 1), prefix: 'of the command ' },
      });
    }
  }
  for (let index = chain.length - 1; index >= 0; index--) {
    const key = chain[index];
    for (const [place, limit] of (key?.limits ?? []).entries()) {
      if (!key || !isAbout(limit, command)) continue;
      const of = key.taskId === null ? `the key "${key.name}"` : 'the task';
      bindings.push({
        ...{ limit, whose: `limits[${place}] of ${of}`, holder: key.id },
        ...{ taskSpan: spanOf(index), prefix: '' },
      });
    }
  }
  return bindings;
}
