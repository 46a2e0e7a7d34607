// The name of a pack as somebody gives it. Used by packs.ts and packs-import.ts.
import { usageError } from './io.ts';

/** @param example a complete command line. @throws SeedError usage */
export function packName(given: string | boolean | undefined, example: string): string {
  if (typeof given === 'string' && /^[a-z][a-z0-9-]{0,39}$/.test(given)) return given;
  throw usageError(
    given === undefined ? 'what is it called?' : `"${given}" is no name of a pack`,
    `A name is written in lower-case letters, digits and hyphens: ${example}`,
  );
}
