// The tasks in a runner's sandboxes. Those of another account cannot be opened: only that they are there is known.
import { Link } from '@tanstack/react-router';
import type { RunnerView } from '../../../../src/protocol/runner.ts';
import { useSeed } from '../../api/seed-context.ts';
import { KeyedRows, ROW_LINK } from '../../shell/keyboard/keyed-rows.tsx';
import { Status } from '../../ui/badge.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { type Column, Table } from '../../ui/table.tsx';

type RunningSandbox = RunnerView['sandboxes'][number];

const COLUMNS: readonly Column<RunningSandbox>[] = [
  { title: 'Task', cell: (sandbox) => <Task sandbox={sandbox} /> },
  {
    title: 'Phase',
    cell: ({ phase }) => (
      <Status tone="info" live>
        {phase ?? 'starting'}
      </Status>
    ),
  },
  {
    title: 'Started',
    className: 'hidden sm:table-cell text-muted',
    cell: ({ startedAt }) => (startedAt ? <RelativeTime at={startedAt} /> : '–'),
  },
  {
    title: 'Deadline',
    className: 'text-muted',
    cell: ({ deadline }) => (deadline ? <RelativeTime at={deadline} /> : '–'),
  },
];

export function RunningSandboxes({ sandboxes }: { sandboxes: readonly RunningSandbox[] }) {
  if (sandboxes.length === 0) return <p className="text-muted">None: no task runs here now.</p>;
  return (
    <KeyedRows what="sandbox">
      <Table label="Running sandboxes" columns={COLUMNS} rows={sandboxes} rowKey={({ taskId }) => taskId} />
    </KeyedRows>
  );
}

function Task({ sandbox: { taskId, accountId } }: { sandbox: RunningSandbox }) {
  const { account, may } = useSeed();
  if (accountId === account.id && may('tasks get')) {
    return (
      <Link data-row to="/tasks/$id" params={{ id: taskId }} className={`${ROW_LINK} font-mono text-sm`}>
        {taskId}
      </Link>
    );
  }
  return (
    <>
      <span className="font-mono text-sm">{taskId}</span>
      {accountId !== account.id && (
        <span className="block text-sm text-muted">of account {accountId.slice(0, 8)}</span>
      )}
    </>
  );
}
