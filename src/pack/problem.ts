// The error of a pack that keeps the server from starting: always the file and the reason.
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adopterFolder } from '../lib/own-files.ts';
import { SeedError } from '../protocol/errors.ts';

const ROOT = fileURLToPath(adopterFolder());

export function packProblem(
  file: string,
  reason: string,
  options: { hint?: string; cause?: unknown } = {},
): SeedError {
  return new SeedError('invalid_settings', `${file}: ${reason}`, {
    hint: 'Correct it, or leave the pack out with SEED_PACKS.',
    ...options,
  });
}

/** The file as messages name it: from the adopter's folder where it lies there. */
export function shownPath(url: URL): string {
  const path = relative(ROOT, fileURLToPath(url));
  return path.startsWith('..') ? fileURLToPath(url) : path;
}
