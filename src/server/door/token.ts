// Who forwarded a request: the token that the vendor puts on what leaves a sandbox. Anybody's sandbox can get one
// for our address, so that the audience alone tells nothing: the team and the project have to be the set ones.
import type { Logger } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import { Issuer } from '../access/identities/issuer.ts';
import { provenBy } from '../access/identities/verify.ts';
import type { DoorSettings } from './settings.ts';

/** What the vendor's own libraries allow. */
const SKEW_SECONDS = 60;
const TOKEN_LENGTH = 8 * 1024;

export interface DoorTokens {
  /**
   * How the vendor names the sandbox that the request came out of; null: the token is not sound, or not one of
   * ours. @throws SeedError unavailable: the issuer is away, and its keys are not known
   */
  sandboxOf(token: string, now: Date): Promise<string | null>;
}

/** @param audience the address that requests are forwarded to */
export function doorTokens(settings: DoorSettings, audience: string, log: Logger): DoorTokens {
  const issuer = new Issuer({ url: settings.issuer, keysUrl: settings.keysUrl, log });
  return {
    async sandboxOf(token, now) {
      if (token.length > TOKEN_LENGTH) return null;
      const options = {
        algorithms: ['RS256'],
        audience,
        clockTolerance: SKEW_SECONDS,
        currentDate: now,
        requiredClaims: ['exp', 'aud', 'team_id', 'project_id', 'sandbox_id'],
      };
      const claims = await provenBy(token, issuer, options).catch((error: unknown) => {
        // Whether it is sound cannot be told now.
        if (error instanceof SeedError && error.code === 'unavailable') throw error;
        return null;
      });
      if (claims === null) return null;
      const { team_id, project_id, sandbox_id, aud } = claims;
      const isOurs = aud === audience && team_id === settings.team && project_id === settings.project;
      return isOurs && typeof sandbox_id === 'string' && sandbox_id !== '' ? sandbox_id : null;
    },
  };
}
