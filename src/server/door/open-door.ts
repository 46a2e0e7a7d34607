// The door put together: whose requests it takes, and what starts sandboxes for tasks. Called where the server is
// composed.
import { createHash } from 'node:crypto';
import type { Store } from '../../db/store.ts';
import type { Logger } from '../../lib/log.ts';
import type { Prices } from '../../lib/money.ts';
import { SeedError } from '../../protocol/errors.ts';
import { keepDoor } from './keep.ts';
import type { DoorSandboxes } from './sandboxes.ts';
import type { DoorSettings } from './settings.ts';
import type { StartNeeds } from './start.ts';
import { type DoorTokens, doorTokens } from './token.ts';

/** What goes before the path of every forwarded request. */
export const DOOR_PATH = '/door';

interface DoorNeeds {
  settings: DoorSettings;
  sandboxes: DoorSandboxes;
  /** How the vendor reaches this Seed. */
  publicUrl: string | null;
  store: Store;
  secretsKey: string;
  prices: Prices;
  log: Logger;
}

export interface Door {
  tokens: DoorTokens;
  name: string;
  /** Sees to starts and ends until it is disposed of. */
  keep(): AsyncDisposable;
}

/** @throws SeedError invalid_settings */
export function openDoor({ settings, publicUrl, ...needs }: DoorNeeds): Door {
  if (publicUrl === null || !isReachable(new URL(publicUrl))) {
    throw new SeedError('invalid_settings', 'SEED_PUBLIC_URL is not set, or not https', {
      hint: 'The vendor of the sandboxes forwards their requests to it: set it to how this Seed is reached.',
    });
  }
  const name = settings.name ?? new URL(publicUrl).hostname;
  const url = `${publicUrl.replace(/\/$/, '')}${DOOR_PATH}`;
  const starts: StartNeeds = {
    ...needs,
    slots: settings.slots,
    owner: createHash('sha256').update(`sandboxes at the door of ${needs.secretsKey}`).digest('hex').slice(0, 16),
    forward: { name, url },
  };
  return { tokens: doorTokens(settings, url, needs.log), name, keep: () => keepDoor(starts) };
}

/** By anybody over TLS; or on this machine, as a vendor's double reaches it. */
const isReachable = ({ protocol, hostname }: URL) => protocol === 'https:' || hostname === '127.0.0.1';
