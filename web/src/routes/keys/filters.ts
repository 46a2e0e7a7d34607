// The filters of the list of keys, in the address and for `keys list`; the colours of a key's states.
import type { Key } from '../../../../src/protocol/key.ts';
import type { CommandInput } from '../../api/seed.ts';
import type { Tone } from '../../ui/badge.tsx';

export const STATUS_TONES: Record<Key['status'], Tone> = {
  active: 'ok',
  disabled: 'warn',
  expired: 'neutral',
  revoked: 'bad',
};
export const STATUS_NAMES = Object.keys(STATUS_TONES) as Key['status'][];

export interface KeysSearch extends Pick<CommandInput<'keys list'>, 'q' | 'status'> {
  /** Only keys that were not used for so many days. */
  unused?: number | undefined;
  tasks?: true | undefined;
}

export function keysSearch({ q, status, unused, tasks }: Record<string, unknown>): KeysSearch {
  return {
    q: q === undefined || q === '' ? undefined : String(q),
    status: STATUS_NAMES.find((known) => known === status),
    unused: Number.isInteger(unused) && Number(unused) > 0 ? Number(unused) : undefined,
    tasks: tasks === true ? true : undefined,
  };
}

export function filterOf({ q, status, unused, tasks }: KeysSearch): CommandInput<'keys list'> {
  return { q: q?.trim() || undefined, status, unusedForDays: unused, taskKeys: tasks };
}
