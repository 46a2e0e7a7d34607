// The filters of the list of keys, as they stand in the address and as `keys list` takes them; how the states of a key are coloured.
import type { Key } from '../../../../src/protocol/key.ts';
import type { Tone } from '../../ui/badge.tsx';

export type KeyStatus = Key['status'];

export const STATUS_TONES: Record<KeyStatus, Tone> = {
  active: 'ok',
  disabled: 'warn',
  expired: 'neutral',
  revoked: 'bad',
};
export const STATUS_NAMES = Object.keys(STATUS_TONES) as KeyStatus[];
