// How people sign in to the dashboard at the platform's own provider, and why that can come to nothing.
import type { ErrorCode } from './errors.ts';

/** What GET /session/ways answers: how one can sign in, besides with a key. */
export interface SignInWays {
  /** Null: with a key alone. */
  provider: { name: string } | null;
}

/** What GET /session/oidc/sign-out answers to a page. */
export interface ProviderSignOut {
  /** Where one signs out of the provider as well; null: it offers nothing of the kind. */
  url: string | null;
}

/** What can happen on the way. What Seed says of whoever comes back is told by its error codes. */
export const SIGN_IN_PROBLEMS = [
  /** The person, or the provider for them, said no. */
  'cancelled',
  /** Too old, of another browser, or used already. */
  'over',
  'provider_away',
  /** It answers, but not as it should: the settings here and there do not fit. */
  'provider_refused',
] as const;

export type SignInProblem = (typeof SIGN_IN_PROBLEMS)[number] | ErrorCode;
