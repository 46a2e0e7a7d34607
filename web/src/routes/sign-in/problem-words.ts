// What the page for signing in says when signing in at the provider came to nothing: what happened, and what next.
import type { SignInProblem } from '../../../../src/protocol/sign-in.ts';

interface Words {
  title: string;
  next: string;
  /** Whether somebody else may be let in where this one is not. */
  another?: true;
}

/** @param provider how the provider is called on the page */
export function problemWords(problem: SignInProblem, provider: string): Words {
  const words = WORDS[problem]?.(provider);
  return words ?? { title: `Signing in at ${provider} did not work`, next: `${OPERATOR} The code is ${problem}.` };
}

const OPERATOR = 'Ask whoever runs this Seed, with the number of the request.';

const WORDS: Partial<Record<SignInProblem, (provider: string) => Words>> = {
  cancelled: (provider) => ({
    title: `You did not sign in at ${provider}`,
    next: 'Begin again when you like, or sign in with a key.',
  }),
  over: () => ({
    title: 'This sign-in is over',
    next: 'It took too long, began in another browser, or was used already. Begin again; the browser has to keep cookies of this page.',
  }),
  provider_away: (provider) => ({
    title: `${provider} does not answer`,
    next: 'Try again in a moment. A key works meanwhile.',
  }),
  provider_refused: (provider) => ({
    title: `${provider} and this Seed do not agree`,
    next: `The settings of one do not fit the other. ${OPERATOR}`,
  }),
  invalid_token: (provider) => ({
    title: `What ${provider} says of you does not hold here`,
    next: `Begin again. If it stays, the settings do not fit. ${OPERATOR}`,
  }),
  token_expired: (provider) => ({
    title: `What ${provider} says of you has expired`,
    next: 'Begin again. If it stays, the clock of one of the two is wrong.',
  }),
  unknown_account: (provider) => ({
    title: 'Your login belongs to no account here',
    next: `You are signed in at ${provider}, but this Seed does not know your account. Ask whoever runs it, or sign in as somebody else.`,
    another: true,
  }),
  key_disabled: () => switchedOff('switched off'),
  key_revoked: () => switchedOff('revoked'),
  key_expired: () => switchedOff('expired'),
  address_not_allowed: () => ({
    title: 'You cannot sign in from here',
    next: 'Your login may be used from other addresses only. Ask an administrator of your account.',
    another: true,
  }),
  rate_limited: () => ({
    title: 'There were too many attempts',
    next: 'Wait a minute, then begin again.',
  }),
  unavailable: () => ({
    title: 'Seed cannot look you up at the moment',
    next: 'Try again in a moment.',
  }),
  not_found: () => ({
    title: 'This Seed has no provider to sign in at',
    next: 'Sign in with a key.',
  }),
};

const switchedOff = (how: string): Words => ({
  title: `Your login was ${how} here`,
  next: 'Ask an administrator of your account, or sign in as somebody else.',
  another: true,
});
