// The list of keys with its search and filters.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useRef } from 'react';
import type { CommandInput } from '../../api/commands.ts';
import { useSeed } from '../../api/seed-context.ts';
import { usePages } from '../../api/use-command.ts';
import { useRowKeys, useSearchKey, useShortcut } from '../../shell/keyboard/use-shortcut.ts';
import { Button, buttonLook } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { EmptyState, ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { KeyFilters } from './key-filters.tsx';
import { KeyTable } from './key-table.tsx';
import type { KeysSearch } from './page.ts';

export function Keys() {
  const { may } = useSeed();
  const filters = useSearch({ from: '/shell/keys' });
  const navigate = useNavigate();
  const search = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const keys = usePages('keys list', inputOf(filters));
  useSearchKey(search);
  useRowKeys(list, 'key');
  useShortcut('n', 'Create a key', () => void navigate({ to: '/keys/new' }), { enabled: may('keys create') });
  const change = (changed: KeysSearch) =>
    void navigate({ to: '/keys', search: { ...filters, ...changed }, replace: true });
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 lg:p-8">
      <title>Keys · Seed</title>
      <header className="flex items-center justify-between gap-4">
        <h1 className="text-xl font-semibold">Keys</h1>
        {may('keys create') && (
          <Link to="/keys/new" className={buttonLook('primary')}>
            <Icon name="plus" />
            Create a key
          </Link>
        )}
      </header>
      <KeyFilters ref={search} filters={filters} change={change} />
      {keys.isError && <ErrorNotice error={keys.error} retry={() => void keys.refetch()} />}
      {keys.isPending && <SkeletonRows />}
      {keys.isSuccess && keys.items.length === 0 && (
        <EmptyState
          icon="key"
          title="No key is like that"
          action={<Button onClick={() => void navigate({ to: '/keys', search: {} })}>Show all keys</Button>}
        >
          A key is a secret with scopes: what it may do, and the most that its tasks may do. Keys that Seed
          makes for tasks show when “Task keys” is on.
        </EmptyState>
      )}
      {keys.items.length > 0 && (
        <div ref={list} className="flex flex-col gap-4">
          <KeyTable keys={keys.items} />
          {keys.hasNextPage && (
            <Button
              className="self-center"
              busy={keys.isFetchingNextPage}
              onClick={() => void keys.fetchNextPage()}
            >
              Load more
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function inputOf({ q, status, unused, tasks }: KeysSearch): CommandInput<'keys list'> {
  const text = q?.trim();
  return {
    ...(text && { q: text }),
    ...(status && { status }),
    ...(unused && { unusedForDays: unused }),
    ...(tasks && { taskKeys: true }),
  };
}
