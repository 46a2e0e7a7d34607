// What a task's agent waits for a person's yes for, with the decision beside it.
import { Link } from '@tanstack/react-router';
import { DecisionButtons } from '../../../approvals/decide.tsx';
import { ExactLine, TimeLeft } from '../../../approvals/exact-call.tsx';
import { usePendingOf } from '../../../approvals/pending.tsx';
import { useTask } from './open-task.tsx';

/** More are linked to: the conversation is to be seen, too. */
const SHOWN = 3;

export function WaitingForApproval() {
  const { task } = useTask();
  const isWorking = task.completedAt === null && task.startedAt !== null;
  const { items, hasNextPage } = usePendingOf(task.id, isWorking);
  if (!isWorking || items.length === 0) return null;
  return (
    <section aria-label="Waits for approval" className="rounded-lg bg-warn-soft">
      <ul className="divide-y divide-line">
        {items.slice(0, SHOWN).map((approval) => (
          <li
            key={approval.id}
            className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 py-2.5"
          >
            <span className="flex min-w-0 flex-1 basis-64 flex-col">
              <Link
                to="/approvals/$id"
                params={{ id: approval.id }}
                search={{ task: task.id }}
                className="font-medium wrap-anywhere underline"
              >
                <ExactLine text={approval.summary} />
              </Link>
              <span className="text-sm text-muted tabular-nums">
                waits for a person · <TimeLeft expiresAt={approval.expiresAt} />
              </span>
            </span>
            <DecisionButtons approval={approval} />
          </li>
        ))}
      </ul>
      {(items.length > SHOWN || hasNextPage) && (
        <Link to="/approvals" search={{ task: task.id }} className="block px-4 pb-2.5 text-sm underline">
          Show all that it waits for
        </Link>
      )}
    </section>
  );
}
