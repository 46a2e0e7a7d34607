// The error of a pack that keeps the server from starting: always the file and the reason.
import { SeedError } from '../../protocol/errors.ts';

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
