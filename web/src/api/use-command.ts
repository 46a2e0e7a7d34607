// Commands in components: as queries, pages, actions and streams. A query's key is [command, input].
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useEffectEvent, useState } from 'react';
import { follow } from './follow.ts';
import type { AnswerError } from './request.ts';
import type { CommandInput, CommandName, CommandOutput, ItemOf, ListCommand, Seed } from './seed.ts';

export const SeedContext = createContext<Seed | null>(null);

export function useSeed(): Seed {
  const seed = useContext(SeedContext);
  if (!seed) throw new Error('useSeed stands outside the shell, where nobody is signed in');
  return seed;
}

interface ReadOptions {
  /** False until what is needed for it is known. */
  enabled?: boolean;
  /** Milliseconds between repetitions while the page is looked at. */
  refreshMs?: number;
  /** As of `Seed.call`: numbers keep all their digits. */
  exact?: boolean;
}

/** Reads with a command. While its input changes, the answer before stays. */
export function useCommand<Name extends CommandName>(
  name: Name,
  input: CommandInput<Name>,
  { enabled = true, refreshMs, exact = false }: ReadOptions = {},
) {
  const seed = useSeed();
  return useQuery<CommandOutput<Name>>({
    queryKey: [name, input],
    queryFn: ({ signal }) => seed.call(name, input, { signal, exact }),
    placeholderData: keepPreviousData,
    // What holds such a number is no plain object: a copy of it would be another thing.
    structuralSharing: !exact,
    enabled,
    refetchInterval: refreshMs ?? false,
  });
}

/** Reads pages with a list command: `items` of all that were read, `fetchNextPage` for more. */
export function usePages<Name extends ListCommand>(
  name: Name,
  input: CommandInput<Name>,
  options: ReadOptions = {},
) {
  const seed = useSeed();
  const query = useInfiniteQuery({
    queryKey: [name, input, 'pages'],
    queryFn: ({ signal, pageParam }) =>
      seed.call(name, { ...(input as object), ...(pageParam && { cursor: pageParam }) } as typeof input, {
        signal,
        exact: options.exact ?? false,
      }),
    structuralSharing: !options.exact,
    initialPageParam: '',
    getNextPageParam: (page) => (page as { nextCursor: string | null }).nextCursor,
    placeholderData: keepPreviousData,
    enabled: options.enabled ?? true,
    // All pages that were read are read anew: the more they are, the less often.
    refetchInterval: ({ state }) => (options.refreshMs ?? 0) * (state.data?.pages.length ?? 1) || false,
  });
  const pages = (query.data?.pages ?? []) as unknown as { items: ItemOf<Name>[] }[];
  return { ...query, items: pages.flatMap((page) => page.items) };
}

/** Does something with a command; afterwards all that was read of the same noun is read anew, and of `also`. */
export function useAction<Name extends CommandName>(name: Name, also: readonly string[] = []) {
  const seed = useSeed();
  const queryClient = useQueryClient();
  const nouns = [name.split(' ')[0], ...also];
  return useMutation<CommandOutput<Name>, Error, CommandInput<Name>>({
    mutationFn: (input) => seed.call(name, input),
    onSuccess: () =>
      queryClient.invalidateQueries({
        predicate: ({ queryKey }) => nouns.includes(String(queryKey[0]).split(' ')[0]),
      }),
  });
}

export type StreamState = 'connecting' | 'live' | 'lost' | 'ended' | AnswerError;

/** @param input null: nothing to follow (yet). A new input is a new stream. */
export function useStream<Name extends CommandName>(
  name: Name,
  input: CommandInput<Name> | null,
  onItems: (items: CommandOutput<Name>[]) => void,
): StreamState {
  const seed = useSeed();
  const [state, setState] = useState<StreamState>('connecting');
  const take = useEffectEvent(onItems);
  // Not bound to `seed` itself: it is read anew now and then, and a stream goes on over that.
  const start = useEffectEvent((wanted: CommandInput<Name>, signal: AbortSignal) =>
    follow(seed, name, wanted, { signal, onItems: (items) => take(items), onState: setState }),
  );
  const target = JSON.stringify(input);
  useEffect(() => {
    const wanted: CommandInput<Name> | null = JSON.parse(target);
    if (wanted === null) return;
    const left = new AbortController();
    setState('connecting');
    start(wanted, left.signal).then(
      () => left.signal.aborted || setState('ended'),
      (error) => left.signal.aborted || setState(error as AnswerError),
    );
    return () => left.abort();
  }, [target]);
  return state;
}
