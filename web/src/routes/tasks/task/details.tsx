// Everything else that a task tells: what it was asked with, and what it may.
import { Link } from '@tanstack/react-router';
import { bytes } from '../../../format/numbers.ts';
import { duration, fullTime } from '../../../format/times.ts';
import { BadgeList } from '../../../ui/badge.tsx';
import { CopyableId, CopyButton, Mono } from '../../../ui/code.tsx';
import { ForeignBlock, ForeignText } from '../../../ui/foreign-text.tsx';
import { Facts, Section } from '../../../ui/page-frame.tsx';
import { Table } from '../../../ui/table.tsx';
import { useKeyNames } from '../list/task-list.ts';
import { useTask, ViewFrame } from './open-task.tsx';

const LINK = 'text-accent hover:underline';

export function Details() {
  const { task } = useTask();
  const { nameOf } = useKeyNames();
  const { scopes, resources, metadata, parentTaskId } = task;
  return (
    <ViewFrame label="Details">
      <Section title="Instruction" actions={<CopyButton text={task.instruction} label="Copy the instruction" />}>
        <ForeignBlock text={task.instruction} className="rounded-lg border border-line bg-surface px-4 py-3" />
      </Section>
      <Section title="Scopes">
        <Facts
          of={{
            'Asked for': scopes.requested ? <Scopes of={scopes.requested} /> : 'all that the key has',
            Effective: <Scopes of={scopes.effective} />,
            Denied: scopes.denied.length > 0 && <Scopes of={scopes.denied} />,
          }}
        />
      </Section>
      <Section title="Task">
        <Facts
          of={{
            Id: <CopyableId id={task.id} />,
            Key: (
              <Link to="/tasks" search={{ key: task.keyId }} className={LINK}>
                <ForeignText text={nameOf(task.keyId)} />
              </Link>
            ),
            'Started by': parentTaskId && (
              <Link to="/tasks/$id" params={{ id: parentTaskId }} className={LINK}>
                task {parentTaskId.slice(0, 8)}
              </Link>
            ),
            'Tasks it started': (
              <Link to="/tasks" search={{ parent: task.id }} className={LINK}>
                Show them
              </Link>
            ),
            Model: (
              <Mono>
                <ForeignText text={[task.model, ...task.fallbackModels].join(', then ')} />
              </Mono>
            ),
            Created: fullTime(task.createdAt),
            'Time limit': (
              <>
                {duration(task.timeout)}
                {task.deadline && <span className="text-muted"> · until {fullTime(task.deadline)}</span>}
              </>
            ),
            Sandbox: [
              `${resources.vcpus} processors`,
              `${resources.memoryMb} MiB memory`,
              `${resources.diskMb} MiB files`,
              `${resources.processes} processes`,
            ].join(' · '),
            'Exit code': task.exitCode,
          }}
        />
      </Section>
      {task.files.length > 0 && (
        <Section title="Files it was given">
          <Pairs
            titles={['Name', 'Size and type']}
            pairs={task.files.map(({ name, size, type }) => [name, `${bytes(size)} · ${type}`])}
          />
        </Section>
      )}
      {Object.keys(metadata).length > 0 && (
        <Section title="Metadata">
          <Pairs titles={['Name', 'Value']} pairs={Object.entries(metadata)} />
        </Section>
      )}
      {task.stderr && (
        <Section title="Diagnostics">
          <ForeignBlock mono text={task.stderr} className="rounded-lg border border-line bg-surface px-4 py-3" />
        </Section>
      )}
    </ViewFrame>
  );
}

type Pair = readonly [string, string];

function Pairs({ titles: [name, value], pairs }: { titles: Pair; pairs: readonly Pair[] }) {
  return (
    <Table
      label={`${name} and ${value}`}
      columns={[
        { title: name, className: 'w-1/3 wrap-anywhere', cell: (pair) => <ForeignText text={pair[0]} /> },
        { title: value, className: 'wrap-anywhere', cell: (pair) => <ForeignText text={pair[1]} /> },
      ]}
      rows={pairs}
      rowKey={(pair) => pair[0]}
    />
  );
}

function Scopes({ of: scopes }: { of: readonly string[] }) {
  if (scopes.length === 0) return <span className="text-muted">none: the agent could call no command</span>;
  return <BadgeList items={scopes} />;
}
