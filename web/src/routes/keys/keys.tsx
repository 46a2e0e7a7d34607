// The list of keys with its filters: what each may do, how much it is used, until when it works.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { Key } from '../../../../src/protocol/key.ts';
import { LIMITS } from '../../../../src/protocol/limits.ts';
import { usePages, useSeed } from '../../api/use-command.ts';
import { loginHost } from '../../format/login.ts';
import { shortCount } from '../../format/readable.ts';
import { Badge, BadgeList, Status } from '../../ui/badge.tsx';
import { Button, buttonLook } from '../../ui/button.tsx';
import { Checkbox, FilterField, SearchField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useShortcut } from '../../ui/keyboard.ts';
import { PageFrame } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { EmptyState, ListAnswer } from '../../ui/states.tsx';
import { type Column, KeyedRows, ROW_LINK, Table } from '../../ui/table.tsx';
import { filterOf, type KeysSearch, STATUS_NAMES, STATUS_TONES } from './filters.ts';
import { type KeyUsage, Sparkline, useKeyUsage } from './key-usage.tsx';

export function Keys() {
  const { may } = useSeed();
  const filters = useSearch({ from: '/shell/keys' });
  const navigate = useNavigate();
  const keys = usePages('keys list', filterOf(filters));
  useShortcut('n', 'Create a key', () => void navigate({ to: '/keys/new' }), { enabled: may('keys create') });
  const change = (changed: KeysSearch) =>
    void navigate({ to: '/keys', search: { ...filters, ...changed }, replace: true });
  return (
    <PageFrame
      title="Keys"
      actions={
        may('keys create') && (
          <Link to="/keys/new" className={buttonLook('primary')}>
            <Icon name="plus" />
            Create a key
          </Link>
        )
      }
    >
      <KeyFilters filters={filters} change={change} />
      <KeyedRows what="key">
        <ListAnswer
          query={keys}
          empty={
            <EmptyState
              icon="key"
              title="No key is like that"
              action={<Button onClick={() => void navigate({ to: '/keys', search: {} })}>Show all keys</Button>}
            >
              A key is a secret with scopes: what it may do, and the most that its tasks may do. Keys that Seed
              makes for tasks show when “Task keys” is on.
            </EmptyState>
          }
        >
          <KeyTable keys={keys.items} />
        </ListAnswer>
      </KeyedRows>
    </PageFrame>
  );
}

const UNUSED_DAYS = [7, 30, 90];

function KeyFilters({ filters, change }: { filters: KeysSearch; change(changed: KeysSearch): void }) {
  const { q = '', status, unused, tasks } = filters;
  // A linked filter of another number of days is a choice, too.
  const days = [...new Set([...UNUSED_DAYS, ...(unused ? [unused] : [])])].sort((a, b) => a - b);
  return (
    <search className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <SearchField
        label="Search keys"
        value={q}
        maxLength={LIMITS.nameLength}
        onChange={(text) => change({ q: text || undefined })}
        className="w-full sm:w-64"
      />
      <FilterField
        label="Status"
        any="Any status"
        value={status}
        options={STATUS_NAMES.map((name) => ({ value: name, label: capitalised(name) }))}
        onChange={(chosen) => change({ status: chosen })}
        className="min-w-36 flex-1 sm:flex-none"
      />
      <FilterField
        label="Use"
        any="Used or not"
        value={unused ? String(unused) : undefined}
        options={days.map((count) => ({ value: String(count), label: `Unused for ${count} days` }))}
        onChange={(chosen) => change({ unused: Number(chosen) || undefined })}
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

function KeyTable({ keys }: { keys: readonly Key[] }) {
  const usage = useKeyUsage();
  const requests: Column<Key> = {
    title: 'Requests, 30 days',
    from: 'md',
    cell: ({ id }) => <Requests usage={usage.of(id)} />,
  };
  const columns: Column<Key>[] = [
    { title: 'Key', cell: (key) => <Name apiKey={key} /> },
    { title: 'Status', cell: ({ status }) => <Status tone={STATUS_TONES[status]}>{status}</Status> },
    {
      title: 'Scopes',
      from: 'md',
      cell: ({ scopes }) => (
        <span title={scopes.join(', ')}>
          <BadgeList items={scopes} most={2} />
        </span>
      ),
    },
    ...(usage.isOffered ? [requests] : []),
    { title: 'Last used', cell: ({ lastUsedAt }) => <RelativeTime at={lastUsedAt} none="never" /> },
    { title: 'Expires', from: 'md', cell: ({ expiresAt }) => <RelativeTime at={expiresAt} none="never" /> },
  ];
  return <Table label="Keys" columns={columns} rows={keys} rowKey={({ id }) => id} />;
}

function Name({ apiKey: { id, name, prefix, identity } }: { apiKey: Key }) {
  const { key: own } = useSeed();
  return (
    <div className="flex min-w-24 flex-col">
      <span className="flex items-center gap-2">
        <Link data-row to="/keys/$id" params={{ id }} search className={`${ROW_LINK} wrap-anywhere`}>
          {name}
        </Link>
        {id === own.id && <Badge>yours</Badge>}
      </span>
      {identity ? (
        <span className="text-xs text-muted wrap-anywhere">login at {loginHost(identity)}</span>
      ) : (
        <span className="font-mono text-xs text-muted">{prefix}…</span>
      )}
    </div>
  );
}

function Requests({ usage }: { usage: KeyUsage | null | undefined }) {
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
