// Whether Seed has asked: the change would take the account its last key that may do everything. Used by what changes keys.
import { AnswerError } from '../../api/request.ts';

/** Then the same with `yes` does it; the error's notice has said what that means. */
export function isAsked(error: unknown): boolean {
  return error instanceof AnswerError && error.code === 'confirmation_needed';
}
