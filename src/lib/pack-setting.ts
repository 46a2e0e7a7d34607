// What a pack's settings are called in the environment: by the server that reads them, and wherever one is named;
// and how a caller's own credential for its platform comes, to the CLI and in a request.
import { kebabCase } from './kebab-case.ts';

/** The header of a request that brings the caller's own credential for a pack's platform, in lower case. */
export const credentialHeader = (pack: string): string => `${CREDENTIAL_HEADER}${pack}`;

export const CREDENTIAL_HEADER = 'seed-credential-';

/** What the CLI reads the caller's own credential for a pack's platform from: SEED_CREDENTIAL_ACME. */
export function credentialSetting(pack: string): string {
  return `${CREDENTIAL_SETTING}${pack.replaceAll('-', '_').toUpperCase()}`;
}

export const CREDENTIAL_SETTING = 'SEED_CREDENTIAL_';

/** `mailToken` of the pack acme is SEED_PACK_ACME_MAIL_TOKEN. */
export function packSetting(pack: string, field: string): string {
  return `SEED_PACK_${pack}_${kebabCase(field)}`.replaceAll('-', '_').toUpperCase();
}
