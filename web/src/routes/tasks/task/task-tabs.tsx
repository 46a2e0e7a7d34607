// The views of a task; each has its address.
import { Link } from '@tanstack/react-router';
import { useSeed } from '../../../api/seed-context.ts';
import { useTask } from './task-context.ts';

interface View {
  name: string;
  to: '/tasks/$id' | `/tasks/$id/${'ledger' | 'artifacts' | 'usage' | 'details'}`;
  needs: string;
  count?: number;
}

export function TaskTabs() {
  const { task } = useTask();
  const { may } = useSeed();
  const views: View[] = [
    { name: 'Conversation', to: '/tasks/$id', needs: 'tasks events' },
    { name: 'Ledger', to: '/tasks/$id/ledger', needs: 'tasks ledger' },
    {
      name: 'Artifacts',
      to: '/tasks/$id/artifacts',
      needs: 'tasks artifacts list',
      count: task.artifacts.length,
    },
    { name: 'Usage', to: '/tasks/$id/usage', needs: 'tasks get' },
    { name: 'Details', to: '/tasks/$id/details', needs: 'tasks get' },
  ];
  return (
    <nav
      aria-label="Views of the task"
      className="flex gap-5 overflow-x-auto border-b border-line px-4 md:px-6"
    >
      {views
        .filter(({ needs }) => may(needs))
        .map(({ name, to, count = 0 }) => (
          <Link
            key={name}
            to={to}
            params={{ id: task.id }}
            activeOptions={{ exact: true, includeSearch: false }}
            className="-mb-px flex h-9 shrink-0 items-center gap-1.5 border-b-2 border-transparent font-medium text-muted -outline-offset-2! hover:text-ink"
            activeProps={{ className: 'border-accent! text-ink!' }}
          >
            {name}
            {count > 0 && <span className="rounded bg-sunken px-1.5 text-xs tabular-nums">{count}</span>}
          </Link>
        ))}
    </nav>
  );
}
