// One task: what is known of it above, and one of its views below.
import { Link, Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { AnswerError } from '../../../api/request.ts';
import { useSeed } from '../../../api/use-command.ts';
import { useShortcut } from '../../../ui/keyboard.ts';
import { TabLinks } from '../../../ui/page-frame.tsx';
import { EmptyState, ErrorNotice, SkeletonRows } from '../../../ui/states.tsx';
import { taskTitle } from '../list/task-status.tsx';
import { TaskHeader } from './header.tsx';
import { TaskContext, useOpenTask, useTask } from './open-task.tsx';

export function Task() {
  const { id } = useParams({ from: '/shell/tasks/$id' });
  // Another task starts with nothing of the one before.
  return <OpenTask key={id} id={id} />;
}

function OpenTask({ id }: { id: string }) {
  const navigate = useNavigate();
  useShortcut('Escape', 'Back to the list', () => void navigate({ to: '/tasks' }));
  const { task, error, retry, transcript, stream } = useOpenTask(id);
  if (!task) {
    if (!error) return <SkeletonRows />;
    return isMissing(error) ? (
      <NoSuchTask id={id} />
    ) : (
      <div className="p-4 md:p-6">
        <ErrorNotice error={error} retry={retry} />
      </div>
    );
  }
  return (
    <TaskContext value={{ task, transcript, stream }}>
      <title>{`${taskTitle(task.instruction).slice(0, 60)} · Seed`}</title>
      <div className="flex h-full flex-col">
        <TaskHeader />
        <TaskTabs />
        <div className="min-h-0 flex-1">
          <Outlet />
        </div>
      </div>
    </TaskContext>
  );
}

/** An id that is no id is invalid rather than not found. */
function isMissing(error: Error): boolean {
  return error instanceof AnswerError && ['not_found', 'invalid_input'].includes(error.code);
}

function NoSuchTask({ id }: { id: string }) {
  return (
    <EmptyState
      icon="search"
      title="There is no such task"
      action={
        <Link to="/tasks" className="text-accent underline">
          All tasks
        </Link>
      }
    >
      This account has no task <span className="font-mono wrap-anywhere">{id}</span>. The address may be cut off,
      or belong to another account.
    </EmptyState>
  );
}

/** The views of a task; each has its address. */
function TaskTabs() {
  const { task } = useTask();
  const { may } = useSeed();
  const views = [
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
  const tabs = views.filter(({ needs }) => may(needs)).map((view) => ({ ...view, params: { id: task.id } }));
  return <TabLinks label="Views of the task" tabs={tabs} className="px-4 md:px-6" />;
}
