// Commands as queries and actions of components. A query's key is [command, input].
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type { CommandInput, CommandName, CommandOutput, ItemOf, ListCommand } from './commands.ts';
import { useSeed } from './seed-context.ts';

interface ReadOptions {
  /** Off until something is known. */
  enabled?: boolean;
  /** Milliseconds between repetitions while the page is looked at. */
  refreshMs?: number;
}

/** Reads with a command. While its input changes, the answer before stays. */
export function useCommand<Name extends CommandName>(
  name: Name,
  input: CommandInput<Name>,
  { enabled = true, refreshMs }: ReadOptions = {},
) {
  const seed = useSeed();
  return useQuery<CommandOutput<Name>>({
    queryKey: [name, input],
    queryFn: ({ signal }) => seed.call(name, input, { signal }),
    placeholderData: keepPreviousData,
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
      }),
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
