// The signed-in Seed as a query: asked for once, and anew when somebody comes back to the page after a while, because a key's
// scopes can change.
import { queryOptions } from '@tanstack/react-query';
import { openSeed } from '../api/seed.ts';

export const seedQuery = queryOptions({
  queryKey: ['seed'],
  queryFn: openSeed,
  staleTime: 60_000,
  gcTime: Number.POSITIVE_INFINITY,
});
