// A task's status in words and colour.
import type { Task } from '../../../../src/protocol/task.ts';
import { Status, type Tone } from '../../ui/badge.tsx';

export type TaskStatus = Task['status'];

const LOOKS: Record<TaskStatus, { label: string; tone: Tone }> = {
  queued: { label: 'Queued', tone: 'neutral' },
  running: { label: 'Running', tone: 'info' },
  waiting_for_approval: { label: 'Waiting for approval', tone: 'warn' },
  completed: { label: 'Completed', tone: 'ok' },
  failed: { label: 'Failed', tone: 'bad' },
  timed_out: { label: 'Timed out', tone: 'bad' },
  stopped: { label: 'Stopped', tone: 'warn' },
};
const PHASES = { starting: 'Starting', working: 'Working', finishing: 'Finishing' };

export const TASK_STATUSES = Object.keys(LOOKS) as TaskStatus[];

export function isTaskStatus(value: unknown): value is TaskStatus {
  return typeof value === 'string' && value in LOOKS;
}

export function statusLabel(status: TaskStatus): string {
  return LOOKS[status].label;
}

/** Of a running task its phase. */
export function TaskStatusView({ task }: { task: Pick<Task, 'status' | 'phase' | 'completedAt'> }) {
  const { label, tone } = LOOKS[task.status];
  return (
    <Status tone={tone} live={task.completedAt === null}>
      {task.status === 'running' && task.phase ? PHASES[task.phase] : label}
    </Status>
  );
}
