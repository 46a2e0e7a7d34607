// Keys as rows: what each may do, how much it is used, and until when it works.
import { Link } from '@tanstack/react-router';
import type { Key } from '../../../../src/protocol/key.ts';
import { useSeed } from '../../api/seed-context.ts';
import { shortCount } from '../../format/numbers.ts';
import { Badge, Status } from '../../ui/badge.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { STATUS_TONES } from './key-status.ts';
import { type KeyUsage, useKeyUsage } from './key-usage.ts';

const SHOWN_SCOPES = 2;
const WIDE = 'hidden md:table-cell';

export function KeyTable({ keys }: { keys: readonly Key[] }) {
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
            cell: ({ id }: Key) => <Requests usage={usage.of(id)} />,
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
