// The settings of the door, from the environment; docs/vercel.md describes each.
import { env } from '../../lib/env.ts';
import { integerSetting, urlSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';

export interface DoorSettings {
  /** Who signs the tokens that come with forwarded requests. */
  issuer: string;
  /** Where that one's keys are. */
  keysUrl: string;
  /** Whose sandboxes are let in: as the tokens say it. */
  team: string;
  project: string;
  /** The one name that sandboxes reach; null: that of the public address. */
  name: string | null;
  /** How many sandboxes there are at a time, at most. */
  slots: number;
}

const SLOTS = 10;
const SLOTS_MOST = 1_000;

/** Null: tasks have runners. @throws SeedError invalid_settings */
export function doorSettings(): DoorSettings | null {
  const [team, project] = [env('SEED_DOOR_TEAM'), env('SEED_DOOR_PROJECT')];
  if (team === undefined && project === undefined) return null;
  if (team === undefined || project === undefined) {
    const missing = team === undefined ? 'SEED_DOOR_TEAM' : 'SEED_DOOR_PROJECT';
    throw new SeedError('invalid_settings', `${missing} is not set`, {
      hint: 'The door takes sandboxes of one project of one team: set both ids, as the vendor shows them.',
    });
  }
  const issuer = (urlSetting('SEED_DOOR_ISSUER') ?? `https://oidc.vercel.com/${team}`).replace(/\/$/, '');
  return {
    issuer,
    keysUrl: `${issuer}/.well-known/jwks`,
    team,
    project,
    name: env('SEED_DOOR_NAME') ?? null,
    slots: integerSetting('SEED_DOOR_SLOTS', SLOTS, 1, SLOTS_MOST),
  };
}
