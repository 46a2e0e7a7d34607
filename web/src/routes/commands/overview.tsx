// What stands beside the list before a command is chosen.
import { useSeed } from '../../api/seed-context.ts';
import { EmptyState } from '../../ui/states.tsx';

export function Overview() {
  const { key } = useSeed();
  return (
    <div className="flex h-full items-center justify-center">
      <EmptyState icon="command" title="What an agent with this key can do">
        <p>
          These are all the commands that “{key.name}” may use, and the most that a task it starts can be
          given. Choose one to see its inputs and how to call it.
        </p>
      </EmptyState>
    </div>
  );
}
