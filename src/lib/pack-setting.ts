// What a pack's settings are called in the environment: by the server that reads them, and wherever one is named.
import { kebabCase } from './kebab-case.ts';

/** `mailToken` of the pack acme is SEED_PACK_ACME_MAIL_TOKEN. */
export function packSetting(pack: string, field: string): string {
  return `SEED_PACK_${pack}_${kebabCase(field)}`.replaceAll('-', '_').toUpperCase();
}
