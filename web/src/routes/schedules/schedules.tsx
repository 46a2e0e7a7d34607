// /schedules and /schedules/<id>: the list, and one schedule with its next times and its runs.
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schedule, ScheduleRun } from '../../../../src/protocol/schedule.ts';
import { useCommand, usePages, useSeed } from '../../api/use-command.ts';
import { fullTime } from '../../format/readable.ts';
import { Status, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { CodeBlock, CopyableId, Mono } from '../../ui/code.tsx';
import { useShortcut } from '../../ui/keyboard.ts';
import { BackLink, Facts, PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Answer, EmptyState, ListAnswer } from '../../ui/states.tsx';
import { type Column, KeyedRows, ROW_LINK, Table } from '../../ui/table.tsx';
import { ScheduleActions } from './schedule-actions.tsx';
import { CreateSchedule } from './schedule-form.tsx';

const REFRESH_MS = 10_000;

const COLUMNS: readonly Column<Schedule>[] = [
  { title: 'Name', className: 'sm:min-w-48', cell: (schedule) => <Name schedule={schedule} /> },
  { title: 'When', from: 'md', cell: (schedule) => <When schedule={schedule} /> },
  { title: 'State', from: 'sm', cell: (schedule) => <ScheduleState schedule={schedule} /> },
  { title: 'Next', cell: ({ upcoming }) => <RelativeTime at={upcoming[0] ?? null} /> },
  { title: 'Last run', from: 'lg', cell: ({ lastRun }) => (lastRun ? <RunState run={lastRun} /> : '–') },
];

/** For a key that may create none: somebody else's may. */
const CREATE_BY_CLI = (
  <CodeBlock
    text={`seed schedules create "Key audit" --cron "0 7 * * MON-FRI" --task '{"instruction": "Audit our keys"}'`}
    label="Copy the command"
    className="text-left"
  />
);

export function Schedules() {
  const { may } = useSeed();
  const schedules = usePages('schedules list', {}, { refreshMs: REFRESH_MS });
  const [creating, setCreating] = useState(false);
  const create = () => setCreating(true);
  const mayCreate = may('schedules create') && may('tasks run');
  useShortcut('n', 'New schedule', create, { enabled: mayCreate });
  const newSchedule = mayCreate && (
    <Button kind="primary" icon="plus" onClick={create}>
      New schedule
    </Button>
  );
  return (
    <PageFrame title="Schedules" actions={schedules.items.length > 0 && newSchedule}>
      <ListAnswer
        query={schedules}
        empty={
          <EmptyState icon="clock" title="No schedule yet" action={newSchedule || CREATE_BY_CLI}>
            A schedule starts a task by the clock, in any time zone, with the authority of the key that made it.
            What became of each time that it was due is kept.
          </EmptyState>
        }
      >
        <KeyedRows what="schedule">
          <Table label="Schedules" columns={COLUMNS} rows={schedules.items} rowKey={({ id }) => id} />
        </KeyedRows>
      </ListAnswer>
      {creating && <CreateSchedule onClose={() => setCreating(false)} />}
    </PageFrame>
  );
}

/** On a phone there is no room for its state beside it. */
function Name({ schedule }: { schedule: Schedule }) {
  return (
    <>
      <Link data-row to="/schedules/$id" params={{ id: schedule.id }} className={`${ROW_LINK} wrap-anywhere`}>
        {schedule.name}
      </Link>
      <span className="mt-1 block sm:hidden">
        <ScheduleState schedule={schedule} />
      </span>
    </>
  );
}

function When({ schedule: { cron, runAt, timezone } }: { schedule: Schedule }) {
  if (runAt) return <>once, {fullTime(runAt)}</>;
  return (
    <>
      <Mono>{cron}</Mono> <span className="text-muted">{timezone}</span>
    </>
  );
}

function ScheduleState({ schedule: { status, pauseReason } }: { schedule: Schedule }) {
  if (status === 'active') return <Status tone="ok">Active</Status>;
  if (status === 'ended') return <Status tone="neutral">Has run</Status>;
  return <Status tone={pauseReason?.code === 'asked' ? 'neutral' : 'bad'}>Paused</Status>;
}

const RUN_STATES: Record<ScheduleRun['status'], [Tone, string]> = {
  due: ['info', 'Due'],
  waiting: ['info', 'Waits'],
  starting: ['info', 'Starting'],
  started: ['info', 'Started'],
  succeeded: ['ok', 'Succeeded'],
  failed: ['bad', 'Failed'],
  stopped: ['neutral', 'Stopped'],
  skipped: ['neutral', 'Skipped'],
  unknown: ['warn', 'Unknown'],
};

function RunState({ run }: { run: ScheduleRun }) {
  const [tone, name] = RUN_STATES[run.status];
  return <Status tone={tone}>{name}</Status>;
}

const ONE_REFRESH_MS = 3_000;

export function OneSchedule() {
  const { id } = useParams({ from: '/shell/schedules/$id' });
  const one = useCommand('schedules get', { id }, { refreshMs: ONE_REFRESH_MS });
  const schedule = one.data?.schedule;
  return (
    <PageFrame
      title={schedule?.name ?? 'Schedule'}
      tabTitle="Schedule"
      above={<BackLink to="/schedules">Schedules</BackLink>}
      actions={schedule && <ScheduleActions schedule={schedule} />}
    >
      <Answer query={one}>
        {(data) => (
          <>
            <Details schedule={data.schedule} />
            <Runs id={id} />
          </>
        )}
      </Answer>
    </PageFrame>
  );
}

/** Whether the zone's distance from UTC is not the same at all of them. */
function changesClocks(times: readonly string[], timeZone: string): boolean {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const offsetAt = (at: string) =>
    format.formatToParts(new Date(at)).find(({ type }) => type === 'timeZoneName')?.value;
  return new Set(times.map(offsetAt)).size > 1;
}

function Details({ schedule }: { schedule: Schedule }) {
  const { id, pauseReason, task, command, overlap, catchUp, jitter, maxFailures, upcoming } = schedule;
  const instruction = task?.['instruction'];
  return (
    <Facts
      of={{
        State: <ScheduleState schedule={schedule} />,
        'Paused because': pauseReason?.message,
        When: <When schedule={schedule} />,
        Next: upcoming.length > 0 && (
          <>
            <ul aria-label="Next times">
              {upcoming.map((at) => (
                <li key={at}>{fullTime(at)}</li>
              ))}
            </ul>
            {changesClocks(upcoming, schedule.timezone) && (
              <p className="text-sm text-muted">The clocks there are changed between these.</p>
            )}
          </>
        ),
        Instruction: typeof instruction === 'string' && <span className="wrap-anywhere">{instruction}</span>,
        Command: command && <Mono>{command}</Mono>,
        'When the one before runs': { skip: 'left out', queue: 'waits for it', stop: 'stops it' }[overlap],
        'After downtime': { none: 'goes on with the next', last: 'makes up for the last' }[catchUp],
        Jitter: jitter !== '0s' && jitter,
        'Paused after': maxFailures > 0 && `${maxFailures} failures in a row`,
        Id: <CopyableId id={id} />,
      }}
    />
  );
}

const RUN_COLUMNS: readonly Column<ScheduleRun>[] = [
  { title: 'Due', cell: ({ scheduledFor }) => <RelativeTime at={scheduledFor} /> },
  { title: 'State', cell: (run) => <RunState run={run} /> },
  { title: 'What came of it', cell: (run) => <Outcome run={run} /> },
];

function Outcome({ run: { taskId, reason, through } }: { run: ScheduleRun }) {
  return (
    <>
      {taskId && (
        <Link to="/tasks/$id" params={{ id: taskId }} className="text-accent underline">
          Its task
        </Link>
      )}
      {reason && <span className="block text-sm text-muted wrap-anywhere">{reason.message}</span>}
      {through && <span className="block text-sm text-muted">so are all until {fullTime(through)}</span>}
    </>
  );
}

function Runs({ id }: { id: string }) {
  const runs = usePages('schedules runs', { id }, { refreshMs: ONE_REFRESH_MS });
  return (
    <Section title="Runs">
      <ListAnswer query={runs} empty={<p className="text-muted">None yet. “Run now” makes one at once.</p>}>
        <Table label="Runs" columns={RUN_COLUMNS} rows={runs.items} rowKey={(run) => run.id} />
      </ListAnswer>
    </Section>
  );
}
