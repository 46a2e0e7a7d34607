// The list of keys with its search, filters and columns: what each may do, how much it is used, and until when it works.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type RefObject, useRef } from 'react';
import type { Key } from '../../../../src/protocol/key.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import type { CommandInput } from '../../api/commands.ts';
import { usePages, useSeed } from '../../api/use-command.ts';
import { shortCount } from '../../format/numbers.ts';
import { Badge, Status } from '../../ui/badge.tsx';
import { Button, buttonLook } from '../../ui/button.tsx';
import { Checkbox, SearchField, SelectField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useRowKeys, useSearchKey, useShortcut } from '../../ui/keyboard.ts';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { EmptyState, ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { STATUS_NAMES, STATUS_TONES } from './filters.ts';
import { type KeyUsage, Sparkline, useKeyUsage } from './key-usage.tsx';
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

const UNUSED_DAYS = [7, 30, 90];

interface KeyFiltersProps {
  ref: RefObject<HTMLInputElement | null>;
  filters: KeysSearch;
  change(changed: KeysSearch): void;
}

/** Search and filters of the list of keys. All of them stand in the address. */
function KeyFilters({ ref, filters, change }: KeyFiltersProps) {
  const { q = '', status, unused, tasks } = filters;
  // A linked filter of another number of days is a choice, too.
  const days = [...new Set([...UNUSED_DAYS, ...(unused ? [unused] : [])])].sort((a, b) => a - b);
  return (
    <search className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <SearchField
        ref={ref}
        label="Search keys"
        value={q}
        maxLength={LIMITS.nameLength}
        onChange={(text) => change({ q: text || undefined })}
        className="w-full sm:w-64"
      />
      <SelectField
        label="Status"
        labelHidden
        value={status ?? ''}
        onChange={(value) => change({ status: STATUS_NAMES.find((name) => name === value) })}
        options={[
          { value: '', label: 'Any status' },
          ...STATUS_NAMES.map((name) => ({ value: name, label: capitalised(name) })),
        ]}
        className="min-w-36 flex-1 sm:flex-none"
      />
      <SelectField
        label="Use"
        labelHidden
        value={String(unused ?? '')}
        onChange={(value) => change({ unused: Number(value) || undefined })}
        options={[
          { value: '', label: 'Used or not' },
          ...days.map((count) => ({ value: String(count), label: `Unused for ${count} days` })),
        ]}
        className="min-w-40 flex-1 sm:flex-none"
      />
      <Checkbox checked={tasks ?? false} onChange={(on) => change({ tasks: on || undefined })}>
        Task keys
      </Checkbox>
    </search>
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const SHOWN_SCOPES = 2;
const WIDE = 'hidden md:table-cell';

/** Keys as rows: what each may do, how much it is used, and until when it works. */
function KeyTable({ keys }: { keys: readonly Key[] }) {
  const { key: own } = useSeed();
  const usage = useKeyUsage();
  const columns: Column<Key>[] = [
    {
      title: 'Key',
      cell: ({ id, name, prefix }) => (
        <div className="flex min-w-24 flex-col">
          <span className="flex items-center gap-2">
            <Link
              data-row
              to="/keys/$id"
              params={{ id }}
              search
              className="font-medium wrap-anywhere hover:text-accent hover:underline"
            >
              {name}
            </Link>
            {id === own.id && <Badge>yours</Badge>}
          </span>
          <span className="font-mono text-xs text-muted">{prefix}…</span>
        </div>
      ),
    },
    { title: 'Status', cell: ({ status }) => <Status tone={STATUS_TONES[status]}>{status}</Status> },
    { title: 'Scopes', className: WIDE, cell: ({ scopes }) => <Scopes scopes={scopes} /> },
    ...(usage.isOffered
      ? [
          {
            title: 'Requests, 30 days',
            className: WIDE,
            cell: ({ id }: Key) => <KeyRequests usage={usage.of(id)} />,
          },
        ]
      : []),
    {
      title: 'Last used',
      cell: ({ lastUsedAt }) =>
        lastUsedAt ? <RelativeTime at={lastUsedAt} /> : <span className="text-muted">never</span>,
    },
    {
      title: 'Expires',
      className: WIDE,
      cell: ({ expiresAt }) =>
        expiresAt ? <RelativeTime at={expiresAt} /> : <span className="text-muted">never</span>,
    },
  ];
  return <Table label="Keys" columns={columns} rows={keys} rowKey={({ id }) => id} />;
}

function Scopes({ scopes }: { scopes: readonly string[] }) {
  const more = scopes.length - SHOWN_SCOPES;
  return (
    <span title={scopes.join(', ')} className="flex flex-wrap gap-1">
      {scopes.slice(0, SHOWN_SCOPES).map((scope) => (
        <Badge key={scope} mono>
          {scope}
        </Badge>
      ))}
      {more > 0 && <span className="text-sm text-muted">+{more}</span>}
    </span>
  );
}

function KeyRequests({ usage }: { usage: KeyUsage | null | undefined }) {
  if (usage === undefined) return <span className="text-faint">…</span>;
  if (usage === null) return <span className="text-muted">few</span>;
  return (
    <span className="flex items-center gap-3">
      <Sparkline values={usage.daily} label={usage.told} className="h-5 w-24" />
      <span aria-hidden="true" className="tabular-nums">
        {shortCount(usage.total)}
      </span>
    </span>
  );
}
