// A secret that a caller sends: whatever copies, logs or hashes an input as JSON finds a placeholder in its place.
import { z } from 'zod';
import { LIMITS } from './limits.ts';

const SHOWN = '[secret]';

class SecretText {
  /** Private, so that it is in no JSON made of this. */
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toJSON(): string {
    return SHOWN;
  }

  toString(): string {
    return SHOWN;
  }
}

/**
 * Text that may stand in a header: printable ASCII of one line, whose end is taken off where it came from a file.
 * It becomes a `SecretText` where it is read.
 */
export const GivenSecret = z
  .string()
  .min(1)
  .max(LIMITS.credentialLength, `a credential has at most ${LIMITS.credentialLength} characters`)
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?\r?\n?$/, 'a credential is ASCII text of one line')
  .meta({ writeOnly: true, examples: ['token-of-the-platform'] })
  .transform((text): { reveal(): string; toJSON(): string } => new SecretText(text.replace(/\r?\n$/, '')));
