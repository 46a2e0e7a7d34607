// What the agent left in /workspace/out: to be looked at and downloaded.
import { Link, useSearch } from '@tanstack/react-router';
import { useRef } from 'react';
import { usePages, useSeed } from '../../../../api/use-command.ts';
import { bytes } from '../../../../format/numbers.ts';
import { ForeignText } from '../../../../ui/foreign-text.tsx';
import { Icon } from '../../../../ui/icon.tsx';
import { useRowKeys } from '../../../../ui/keyboard.ts';
import { EmptyState, ListAnswer } from '../../../../ui/states.tsx';
import { useTask, ViewFrame } from '../open-task.tsx';
import { ArtifactView } from './artifact-view.tsx';
import type { Artifact } from './preview.ts';

const REFRESH_MS = 3_000;

export function Artifacts() {
  const { task } = useTask();
  const { may } = useSeed();
  const { name } = useSearch({ from: '/shell/tasks/$id/artifacts' });
  const list = useRef<HTMLUListElement>(null);
  useRowKeys(list, 'artifact');
  const artifacts = usePages(
    'tasks artifacts list',
    { id: task.id },
    task.completedAt === null ? { refreshMs: REFRESH_MS } : {},
  );
  const { items } = artifacts;
  const chosen = items.find((artifact) => artifact.name === name) ?? (name === undefined ? items[0] : undefined);
  return (
    <ViewFrame label="Artifacts">
      <ListAnswer
        query={artifacts}
        empty={
          <EmptyState icon="file" title="No artifacts">
            What an agent leaves in <code className="font-mono">/workspace/out</code> is kept and can be looked at
            here, also while it runs: ask it for a report as a file.
          </EmptyState>
        }
      >
        <div className="grid items-start gap-6 lg:grid-cols-[18rem_minmax(0,1fr)]">
          <ul
            ref={list}
            aria-label="Artifacts"
            className="flex max-h-64 flex-col gap-0.5 overflow-y-auto lg:max-h-none"
          >
            {items.map((artifact) => (
              <li key={artifact.name}>
                <ArtifactLink artifact={artifact} chosen={artifact === chosen} />
              </li>
            ))}
          </ul>
          {chosen && may('tasks artifacts get') && (
            <ArtifactView key={`${chosen.name} ${chosen.sha256}`} taskId={task.id} artifact={chosen} />
          )}
          {!chosen && <p className="text-muted">This task has no artifact of that name.</p>}
        </div>
      </ListAnswer>
    </ViewFrame>
  );
}

function ArtifactLink({ artifact: { name, size }, chosen }: { artifact: Artifact; chosen: boolean }) {
  return (
    <Link
      data-row
      to="."
      search={{ name }}
      replace
      aria-current={chosen ? 'true' : undefined}
      className={`flex items-center gap-2 rounded-md px-2 py-1.5 -outline-offset-2! hover:bg-sunken ${chosen ? 'bg-accent-soft!' : ''}`}
    >
      <Icon name="file" className="text-muted" />
      <span className="min-w-0 flex-1 truncate">
        <ForeignText text={name} />
      </span>
      <span className="text-sm whitespace-nowrap text-muted tabular-nums">{bytes(size)}</span>
    </Link>
  );
}
