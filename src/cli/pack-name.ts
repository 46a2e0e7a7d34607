// The name that somebody gives a pack. Used by packs.ts and packs-import.ts.
import { SeedError } from '../protocol/errors.ts';

/** @param example a complete command line. @throws SeedError usage */
export function packName(given: string | boolean | undefined, example: string): string {
  if (typeof given === 'string' && /^[a-z][a-z0-9-]{0,39}$/.test(given)) return given;
  throw new SeedError(
    'usage',
    given === undefined ? 'what is it called?' : `"${given}" is no name of a pack`,
    {
      hint: `A name is written in lower-case letters, digits and hyphens: ${example}`,
    },
  );
}
