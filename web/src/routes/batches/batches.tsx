// /batches and /batches/<id>: the list, and one batch with how far it is and its rows.
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { Batch, BatchRow, RowStatus } from '../../../../src/protocol/batch.ts';
import { useCommand, usePages, useSeed } from '../../api/use-command.ts';
import { count, money } from '../../format/readable.ts';
import { Status, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { CodeBlock, CopyableId } from '../../ui/code.tsx';
import { FilterField } from '../../ui/fields.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { useShortcut } from '../../ui/keyboard.ts';
import { BackLink, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Answer, EmptyState, ListAnswer } from '../../ui/states.tsx';
import { type Column, KeyedRows, ROW_LINK, Table } from '../../ui/table.tsx';
import { BatchActions } from './batch-actions.tsx';
import { CreateBatch } from './batch-form.tsx';

const REFRESH_MS = 5_000;

const COLUMNS: readonly Column<Batch>[] = [
  { title: 'Name', className: 'sm:min-w-48', cell: (batch) => <Name batch={batch} /> },
  { title: 'State', from: 'sm', cell: (batch) => <BatchState batch={batch} /> },
  { title: 'Done', cell: (batch) => <Progress batch={batch} /> },
  { title: 'Failed', numeric: true, from: 'md', cell: ({ counts }) => count(counts.failed + counts.timedOut) },
  { title: 'Cost', numeric: true, from: 'lg', cell: ({ used }) => money(used.usd) },
  { title: 'Made', from: 'md', cell: ({ createdAt }) => <RelativeTime at={createdAt} /> },
];

/** For a key that may make none: somebody else's may. */
const CREATE_BY_CLI = (
  <CodeBlock
    text={`seed tasks batch "Write a reminder to {{customer}}" --file invoices.csv`}
    label="Copy the command"
    className="text-left"
  />
);

export function Batches() {
  const { may } = useSeed();
  const batches = usePages('batches list', {}, { refreshMs: REFRESH_MS });
  const [creating, setCreating] = useState(false);
  const create = () => setCreating(true);
  useShortcut('n', 'New batch', create, { enabled: may('tasks batch') });
  const newBatch = may('tasks batch') && (
    <Button kind="primary" icon="plus" onClick={create}>
      New batch
    </Button>
  );
  return (
    <PageFrame title="Batches" actions={batches.items.length > 0 && newBatch}>
      <ListAnswer
        query={batches}
        empty={
          <EmptyState icon="list" title="No batch yet" action={newBatch || CREATE_BY_CLI}>
            A batch starts a task for every row of a file, some at a time and within one budget. What came of each
            row is kept with it.
          </EmptyState>
        }
      >
        <KeyedRows what="batch">
          <Table label="Batches" columns={COLUMNS} rows={batches.items} rowKey={({ id }) => id} />
        </KeyedRows>
      </ListAnswer>
      {creating && <CreateBatch onClose={() => setCreating(false)} />}
    </PageFrame>
  );
}

/** On a phone there is no room for its state beside it. */
function Name({ batch }: { batch: Batch }) {
  return (
    <>
      <Link data-row to="/batches/$id" params={{ id: batch.id }} className={`${ROW_LINK} wrap-anywhere`}>
        <ForeignText text={batch.name} />
      </Link>
      <span className="mt-1 block sm:hidden">
        <BatchState batch={batch} />
      </span>
    </>
  );
}

const STATES: Record<Batch['status'], [Tone, string]> = {
  running: ['info', 'Running'],
  paused: ['bad', 'Paused'],
  stopping: ['neutral', 'Stopping'],
  completed: ['ok', 'Completed'],
  stopped: ['neutral', 'Stopped'],
};

function BatchState({ batch: { status, pauseReason } }: { batch: Batch }) {
  const [tone, name] = STATES[status];
  return <Status tone={pauseReason?.code === 'asked' ? 'neutral' : tone}>{name}</Status>;
}

const endedOf = ({ completed, failed, timedOut, stopped, invalid }: Batch['counts']) =>
  completed + failed + timedOut + stopped + invalid;

function Progress({ batch: { counts } }: { batch: Batch }) {
  const ended = endedOf(counts);
  return (
    <span className="flex items-center gap-2 whitespace-nowrap tabular-nums">
      <progress aria-label="Rows that have ended" value={ended} max={counts.rows} className="w-20 accent-accent" />
      {count(ended)} of {count(counts.rows)}
    </span>
  );
}

const ONE_REFRESH_MS = 2_000;

export function OneBatch() {
  const { id } = useParams({ from: '/shell/batches/$id' });
  const one = useCommand('batches get', { id }, { refreshMs: ONE_REFRESH_MS });
  const batch = one.data?.batch;
  return (
    <PageFrame
      title={batch?.name ?? 'Batch'}
      tabTitle="Batch"
      above={<BackLink to="/batches">Batches</BackLink>}
      actions={batch && <BatchActions batch={batch} />}
    >
      <Answer query={one}>
        {(data) => (
          <>
            <Details batch={data.batch} />
            <Rows id={id} />
          </>
        )}
      </Answer>
    </PageFrame>
  );
}

function Details({ batch }: { batch: Batch }) {
  const { id, pauseReason, statusNote, counts, task, source, concurrency, budget, used, notes } = batch;
  const underWay = counts.queued + counts.running + counts.waitingForApproval;
  const { instruction, template } = task;
  return (
    <Facts
      of={{
        State: <BatchState batch={batch} />,
        'Paused because': pauseReason?.message,
        'Waits because': statusNote,
        Done: <Progress batch={batch} />,
        Completed: count(counts.completed),
        Failed: counts.failed + counts.timedOut > 0 && count(counts.failed + counts.timedOut),
        Stopped: counts.stopped > 0 && count(counts.stopped),
        Invalid: counts.invalid > 0 && count(counts.invalid),
        'Under way': underWay > 0 && `${count(underWay)}, at most ${count(concurrency)}`,
        Cost: budget?.usd ? `${money(used.usd)} of ${money(budget.usd)}` : money(used.usd),
        Instruction: typeof instruction === 'string' && <ForeignText text={instruction} />,
        Template: typeof template === 'string' && template,
        File: source && <ForeignText text={source} />,
        Note: notes.length > 0 && notes.join(' '),
        Id: <CopyableId id={id} />,
      }}
    />
  );
}

const ROW_STATES: Record<RowStatus, [Tone, string]> = {
  pending: ['neutral', 'Pending'],
  invalid: ['bad', 'Invalid'],
  queued: ['info', 'Queued'],
  running: ['info', 'Running'],
  waiting_for_approval: ['warn', 'Waits for a person'],
  completed: ['ok', 'Completed'],
  failed: ['bad', 'Failed'],
  timed_out: ['bad', 'Timed out'],
  stopped: ['neutral', 'Stopped'],
};

const ROW_COLUMNS: readonly Column<BatchRow>[] = [
  { title: 'Row', numeric: true, cell: ({ number }) => count(number) },
  { title: 'State', cell: ({ status }) => <Status tone={ROW_STATES[status][0]}>{ROW_STATES[status][1]}</Status> },
  { title: 'What it says', from: 'sm', cell: ({ input }) => <RowInput input={input} /> },
  { title: 'What came of it', cell: (row) => <Outcome row={row} /> },
];

const SHOWN_LENGTH = 120;

function RowInput({ input }: { input: BatchRow['input'] }) {
  const text = Object.values(input)
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join(' · ');
  return (
    <span className="wrap-anywhere">
      <ForeignText text={text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH).toWellFormed()}…` : text} />
    </span>
  );
}

function Outcome({ row: { taskId, error, attempt } }: { row: BatchRow }) {
  return (
    <>
      {taskId && (
        <Link to="/tasks/$id" params={{ id: taskId }} className="text-accent underline">
          Its task
        </Link>
      )}
      {attempt > 1 && <span className="text-sm text-muted"> attempt {attempt}</span>}
      {error && (
        <span className="block text-sm text-muted wrap-anywhere">
          <ForeignText text={error.message} />
        </span>
      )}
    </>
  );
}

const STATUS_OPTIONS: readonly { value: RowStatus; label: string }[] = (
  Object.keys(ROW_STATES) as RowStatus[]
).map((value) => ({
  value,
  label: ROW_STATES[value][1],
}));

function Rows({ id }: { id: string }) {
  const [status, setStatus] = useState<RowStatus | undefined>();
  const rows = usePages('batches rows', { id, ...(status && { status }) }, { refreshMs: ONE_REFRESH_MS });
  return (
    <Section
      title="Rows"
      actions={
        <FilterField<RowStatus>
          label="State"
          any="Any state"
          value={status}
          options={STATUS_OPTIONS}
          onChange={setStatus}
        />
      }
    >
      <ListAnswer query={rows} empty={<p className="text-muted">No row is so.</p>}>
        <Table label="Rows" columns={ROW_COLUMNS} rows={rows.items} rowKey={({ number }) => number} />
      </ListAnswer>
    </Section>
  );
}
