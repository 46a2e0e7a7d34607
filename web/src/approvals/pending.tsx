// What waits for a person, read by the navigation's count and by the list; and what waits of one task.
import { usePages, useSeed } from '../api/use-command.ts';
import { filterOf } from './approval-words.ts';

/** Reading is paused while nobody looks at the page, and begins anew when somebody comes back to it. */
const COUNT_REFRESH_MS = 10_000;
const TASK_REFRESH_MS = 5_000;

/** How many wait, beside the page's name in the navigation; nothing where none does. */
export function PendingCount() {
  const { items, hasNextPage } = usePages('approvals list', filterOf({}), {
    refreshMs: COUNT_REFRESH_MS,
    exact: true,
  });
  const shown = hasNextPage ? `${items.length}+` : String(items.length);
  return (
    <span role="status">
      {items.length > 0 && (
        <span className="flex h-5 min-w-5 items-center justify-center rounded-full bg-warn-soft px-1.5 text-xs font-semibold text-warn tabular-nums">
          {shown}
          <span className="sr-only"> waiting</span>
        </span>
      )}
    </span>
  );
}

/** Read anew as well when the task's events tell of something asked. @param enabled whether it can have any */
export function usePendingOf(taskId: string, enabled: boolean) {
  const { may } = useSeed();
  return usePages('approvals list', filterOf({ task: taskId }), {
    enabled: enabled && may('approvals list'),
    refreshMs: TASK_REFRESH_MS,
    exact: true,
  });
}
