// Which ways to sign in this Seed has, and where one signs out of the provider as well.
import { queryOptions } from '@tanstack/react-query';
import type { ProviderSignOut, SignInWays } from '../../../../src/protocol/sign-in.ts';
import { request } from '../../api/request.ts';

const KEY_ALONE: SignInWays = { provider: null };

export const waysQuery = queryOptions({
  queryKey: ['ways'],
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
  queryKey: ['ways', 'sign out'],
  queryFn: async (): Promise<ProviderSignOut> => (await request('/session/oidc/sign-out')).json(),
  retry: false,
});
