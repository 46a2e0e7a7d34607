// What stands in the list when there is nothing in it.
import { useSeed } from '../../api/seed-context.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { NewTaskLink } from './new-task-link.tsx';

export function NoTasks({ filtered, clear }: { filtered: boolean; clear(): void }) {
  const { may } = useSeed();
  if (filtered) {
    return (
      <EmptyState
        icon="search"
        title="No task matches"
        action={<Button onClick={clear}>Clear the filters</Button>}
      >
        The search looks into instructions; eight digits or more of an id find that task.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="list" title="No tasks yet" action={may('tasks run') && <NewTaskLink />}>
      <div className="flex flex-col gap-3 text-left">
        <p className="text-center">
          A task is an instruction in plain language. An agent follows it in a sandbox, with the commands that
          its scopes allow and nothing else.
        </p>
        {may('tasks run') ? (
          <CodeBlock text='seed tasks run "How many keys do we have?"' label="Copy the command line" />
        ) : (
          <p className="text-center">This key may not start one: that takes the scope tasks:write.</p>
        )}
      </div>
    </EmptyState>
  );
}
