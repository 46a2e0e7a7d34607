// A change of status: a line across, or why the task did not complete.
import { ForeignBlock } from '../../../../ui/foreign-block.tsx';
import { Icon } from '../../../../ui/icon.tsx';
import { statusLabel, TaskStatusView } from '../../task-status.tsx';
import type { Entry } from './transcript.ts';

type StatusEvent = Extract<Entry, { type: 'status' }>;

export function StatusView({ event: { status, phase, error, at } }: { event: StatusEvent }) {
  if (error) {
    return (
      <section aria-label="Error" className="flex gap-3 rounded-lg border border-bad bg-bad-soft px-4 py-3">
        <Icon name="warning" className="mt-0.5 text-bad" />
        <div className="min-w-0">
          <h2 className="font-medium">{statusLabel(status)}</h2>
          <ForeignBlock text={error.message} className="text-muted" />
          <p className="font-mono text-xs text-muted">{error.code}</p>
        </div>
      </section>
    );
  }
  return (
    <div className="flex items-center gap-3 py-0.5 text-sm text-muted">
      <TaskStatusView task={{ status, phase, completedAt: at }} />
      <span aria-hidden="true" className="h-px flex-1 bg-line" />
    </div>
  );
}
