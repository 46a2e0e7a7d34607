// What is wrong with an input, in the words of an error. For read-input.ts, and for inputs that come otherwise.
import type { z } from 'zod';
import { SeedError } from '../../protocol/errors.ts';

/** Names that a caller makes up can be of any length. */
export const FINDING_LENGTH = 300;

/** One sentence for all that is wrong, at most five findings. */
export function invalidInput(error: z.ZodError): SeedError {
  const findings = error.issues.map((issue) => {
    const where = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys')
      return `unknown field: ${[...(where ? [where] : []), issue.keys.join(', ')].join('.')}`;
    return where ? `${where}: ${issue.message}` : issue.message;
  });
  const told = findings.slice(0, 5).map((finding) => cutEnd(finding, FINDING_LENGTH));
  const rest = findings.length > 5 ? ` (and ${findings.length - 5} more)` : '';
  return new SeedError('invalid_input', told.join('; ') + rest, {
    hint: 'GET /openapi.json describes every field.',
    cause: error,
  });
}

export function cutEnd(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
