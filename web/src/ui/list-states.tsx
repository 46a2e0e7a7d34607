// A list that is read from the API: its skeleton, its error, what stands there when it is empty, and the way to more.
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { ErrorNotice, SkeletonRows } from './states.tsx';

interface ListStatesProps {
  /** What usePages gives. */
  query: {
    isPending: boolean;
    error: Error | null;
    items: readonly unknown[];
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    refetch(): unknown;
    fetchNextPage(): unknown;
  };
  empty: ReactNode;
  /** The items. */
  children: ReactNode;
}

export function ListStates({ query, empty, children }: ListStatesProps) {
  if (query.isPending) return <SkeletonRows rows={5} />;
  return (
    <div className="flex flex-col gap-3">
      {query.error && <ErrorNotice error={query.error} retry={() => void query.refetch()} />}
      {query.items.length > 0 ? children : !query.error && empty}
      {query.hasNextPage && (
        <Button
          className="self-center"
          busy={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Load more
        </Button>
      )}
    </div>
  );
}
