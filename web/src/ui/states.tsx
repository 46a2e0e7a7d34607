// What stands where there is nothing (yet), or where something went wrong.
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { SeedError } from '../../../src/protocol/errors.ts';
import { AnswerError } from '../api/request.ts';
import { Button } from './button.tsx';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';

interface EmptyStateProps {
  icon: IconName;
  title: string;
  children: ReactNode;
  action?: ReactNode;
  /** Whether it is all that the page has. */
  isPage?: boolean;
}

export function EmptyState({ icon, title, children, action, isPage = false }: EmptyStateProps) {
  const Heading = isPage ? 'h1' : 'h2';
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <span className="mb-2 flex size-10 items-center justify-center rounded-full bg-sunken text-muted">
        <Icon name={icon} />
      </span>
      <Heading className="font-semibold">{title}</Heading>
      <div className="max-w-md text-balance text-muted">{children}</div>
      {action && <div className="mt-2 max-w-full min-w-0">{action}</div>}
    </div>
  );
}

/** What happened, what to do, and what to tell the operator. */
export function ErrorNotice({ error, retry }: { error: unknown; retry?: () => void }) {
  const known = error instanceof SeedError ? error : null;
  const requestId = error instanceof AnswerError ? error.requestId : null;
  return (
    <div role="alert" className="flex gap-3 rounded-lg border border-bad bg-bad-soft p-4">
      <Icon name="warning" className="mt-0.5 text-bad" />
      <div className="flex min-w-0 flex-col items-start gap-1">
        <p className="font-medium wrap-anywhere">{sentence(known?.message ?? 'This part of the page failed')}</p>
        <p className="text-muted wrap-anywhere">
          {known?.hint ??
            (known ? 'Try again in a moment.' : 'Load the page again. If it stays, it is a fault of Seed.')}
        </p>
        <p className="font-mono text-xs text-muted wrap-anywhere">
          {known?.code ?? String(error)}
          {requestId && ` · request ${requestId}`}
        </p>
        {retry && (
          <Button className="mt-2" onClick={retry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}

function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

export function Skeleton({ className }: { className?: string }) {
  return (
    <div aria-hidden="true" className={classNames('animate-pulse rounded bg-line', className ?? 'h-4 w-full')} />
  );
}

export function SkeletonRows({ rows = 8 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-4 p-4">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <div key={row} className="flex flex-col gap-2">
          <Skeleton className="h-3.5 w-40" />
          <Skeleton className="h-3 w-full max-w-md" />
        </div>
      ))}
    </div>
  );
}

interface AnswerProps<Data> {
  /** What useCommand gives. */
  query: { data: Data | undefined; error: Error | null; refetch(): unknown };
  /** Stands there until the answer comes. Default: some rows. */
  skeleton?: ReactNode;
  children(data: Data): ReactNode;
}

/** What a command answered, once it has; before that a skeleton, or what went wrong with a way to try again. */
export function Answer<Data>({ query, skeleton, children }: AnswerProps<Data>) {
  const { data, error, refetch } = query;
  return (
    <>
      {error && <ErrorNotice error={error} retry={() => void refetch()} />}
      {data !== undefined ? children(data) : !error && (skeleton ?? <SkeletonRows rows={4} />)}
    </>
  );
}

interface ListAnswerProps {
  /** What usePages gives. */
  query: Pick<UseInfiniteQueryResult, 'isPending' | 'error' | 'refetch'> &
    Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'> & {
      items: readonly unknown[];
    };
  empty: ReactNode;
  children: ReactNode;
}

/** The same for pages of a list: what stands there when it is empty, and the way to more. */
export function ListAnswer({ query, empty, children }: ListAnswerProps) {
  if (query.isPending) return <SkeletonRows rows={5} />;
  return (
    <div className="flex flex-col gap-3">
      {query.error && <ErrorNotice error={query.error} retry={() => void query.refetch()} />}
      {query.items.length > 0 ? children : !query.error && empty}
      {query.hasNextPage && (
        <Button className="self-center" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Load more
        </Button>
      )}
    </div>
  );
}
