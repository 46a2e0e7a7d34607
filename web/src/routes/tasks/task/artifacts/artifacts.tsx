// What the agent left in /workspace/out: to be looked at and downloaded.
import { Link, useSearch } from '@tanstack/react-router';
import { useRef } from 'react';
import type { ItemOf } from '../../../../api/commands.ts';
import { usePages, useSeed } from '../../../../api/use-command.ts';
import { bytes } from '../../../../format/numbers.ts';
import { ForeignText } from '../../../../ui/foreign-text.tsx';
import { Icon } from '../../../../ui/icon.tsx';
import { useRowKeys } from '../../../../ui/keyboard.ts';
import { EmptyState, ErrorNotice, SkeletonRows } from '../../../../ui/states.tsx';
import { useTask, ViewFrame } from '../open-task.tsx';
import { ArtifactView } from './artifact-view.tsx';

const REFRESH_MS = 3_000;

export type Artifact = ItemOf<'tasks artifacts list'>;

export function Artifacts() {
  const { task } = useTask();
  const { may } = useSeed();
  const { name } = useSearch({ from: '/shell/tasks/$id/artifacts' });
  const list = useRef<HTMLUListElement>(null);
  useRowKeys(list, 'artifact');
  const { items, error, isPending, isSuccess, refetch } = usePages(
    'tasks artifacts list',
    { id: task.id },
    task.completedAt === null ? { refreshMs: REFRESH_MS } : {},
  );
  const chosen =
    items.find((artifact) => artifact.name === name) ?? (name === undefined ? items[0] : undefined);
  return (
    <ViewFrame label="Artifacts">
      {error && <ErrorNotice error={error} retry={() => void refetch()} />}
      {isPending && !error && <SkeletonRows rows={3} />}
      {isSuccess && items.length === 0 && (
        <EmptyState icon="file" title="No artifacts">
          What an agent leaves in <code className="font-mono">/workspace/out</code> is kept and can be looked
          at here, also while it runs: ask it for a report as a file.
        </EmptyState>
      )}
      {items.length > 0 && (
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
      )}
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
