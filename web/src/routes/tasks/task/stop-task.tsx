// Stops a task, after asking.
import { useState } from 'react';
import { useAction } from '../../../api/use-command.ts';
import { Button } from '../../../ui/button.tsx';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { toast } from '../../../ui/toast.tsx';

export function StopTask({ id }: { id: string }) {
  const [asking, setAsking] = useState(false);
  const stop = useAction('tasks stop');
  const confirm = () =>
    stop.mutate(
      { id },
      {
        onSuccess: ({ task }) => {
          setAsking(false);
          toast(task.status === 'stopped' ? 'The task is stopped' : 'The task had already ended');
        },
      },
    );
  return (
    <>
      <Button kind="danger" icon="stop" onClick={() => setAsking(true)}>
        Stop
      </Button>
      <ConfirmDialog
        title="Stop this task?"
        action="Stop the task"
        open={asking}
        busy={stop.isPending}
        error={stop.error}
        onConfirm={confirm}
        onClose={() => setAsking(false)}
      >
        Its sandbox is killed at once, and so are tasks that its agent started. What it has done stays done,
        and its output so far is kept.
      </ConfirmDialog>
    </>
  );
}
