// Why a sign-in at the provider comes to nothing, for the page that tells people, and for the log.
import { SeedError } from '../../../protocol/errors.ts';
import type { SignInProblem } from '../../../protocol/sign-in.ts';

/** What went wrong on the way; refusals of Seed itself are told by their own codes. */
export class SignInFailure extends SeedError {
  readonly problem: SignInProblem;

  constructor(problem: SignInProblem, message: string, options: { cause?: unknown } = {}) {
    super(problem === 'provider_away' ? 'unavailable' : 'not_authenticated', message, options);
    this.name = 'SignInFailure';
    this.problem = problem;
  }
}
