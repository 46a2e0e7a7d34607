// Which ways to sign in there are, where one signs out of the provider as well, and what is forgotten then.
import { type QueryClient, queryOptions } from '@tanstack/react-query';
import type { ProviderSignOut, SignInWays } from '../../../src/protocol/sign-in.ts';
import { request } from './request.ts';

const WAYS = 'ways';
const KEY_ALONE: SignInWays = { provider: null };

export const waysQuery = queryOptions({
  queryKey: [WAYS],
  // With a key one can always try.
  queryFn: async (): Promise<SignInWays> => {
    try {
      return await (await request('/session/ways')).json();
    } catch {
      return KEY_ALONE;
    }
  },
  staleTime: 10_000,
});

export const providerSignOutQuery = queryOptions({
  queryKey: [WAYS, 'sign out'],
  queryFn: async (): Promise<ProviderSignOut> => (await request('/session/oidc/sign-out')).json(),
  retry: false,
});

/** All that was read as somebody who is signed in no more; the page for signing in keeps what is nobody's. */
export function forgetWhoWasHere(queries: QueryClient): void {
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== WAYS });
  queries.getMutationCache().clear();
}
