// Deletes what was said in a task that has ended, or in all of its conversation, once the person has said so.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Task } from '../../../../../src/protocol/task.ts';
import { useAction } from '../../../api/use-command.ts';
import { Button } from '../../../ui/button.tsx';
import { FormDialog } from '../../../ui/dialog.tsx';
import { toastThen } from '../../../ui/toast.tsx';

export function ForgetTask({ task: { id, continues } }: { task: Pick<Task, 'id' | 'continues'> }) {
  const [asking, setAsking] = useState(false);
  const [conversation, setConversation] = useState(continues !== null);
  const forget = useAction('tasks delete');
  const navigate = useNavigate();
  const onSuccess = toastThen('It is forgotten', () => void navigate({ to: '/tasks' }));
  return (
    <>
      <Button kind="danger" onClick={() => setAsking(true)}>
        Delete
      </Button>
      {asking && (
        <FormDialog
          title="Delete this task?"
          onClose={() => setAsking(false)}
          submit="Delete for good"
          kind="danger"
          action={forget}
          onSubmit={() => forget.mutate({ id, conversation }, { onSuccess })}
        >
          <p>
            Its instruction, answer, transcript, files and workspace go, and those of the tasks that its agent
            started. What it cost, and which commands it called, is kept.
          </p>
          <label className="flex items-center gap-2">
            <input
              type="checkbox"
              checked={conversation}
              onChange={({ target }) => setConversation(target.checked)}
            />
            All tasks of its conversation
          </label>
        </FormDialog>
      )}
    </>
  );
}
