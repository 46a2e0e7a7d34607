// The box below a conversation: goes on from a task that has ended, or tells one that runs more.
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, type KeyboardEvent, useState } from 'react';
import type { Task } from '../../../../../src/protocol/task.ts';
import { useAction, useSeed } from '../../../api/use-command.ts';
import { Button } from '../../../ui/button.tsx';
import { TextAreaField } from '../../../ui/fields.tsx';
import { ErrorNotice } from '../../../ui/states.tsx';
import { toast } from '../../../ui/toast.tsx';

/** @param next the task that goes on from this one; undefined: none does */
export function GoOn({ task, next }: { task: Task; next: Task | undefined }) {
  const { may } = useSeed();
  if (next !== undefined)
    return (
      <p className="border-t border-line px-4 py-3 text-muted md:px-6">
        <Link to="/tasks/$id" params={{ id: next.id }} className="text-accent underline">
          The conversation goes on
        </Link>
      </p>
    );
  const isOver = task.completedAt !== null;
  if (!may(isOver ? 'tasks continue' : 'tasks message')) return null;
  return <Box key={String(isOver)} task={task} isOver={isOver} />;
}

function Box({ task: { id }, isOver }: { task: Task; isOver: boolean }) {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const goOn = useAction('tasks continue');
  const tell = useAction('tasks message');
  const { error, isPending } = isOver ? goOn : tell;
  const send = () => {
    if (text.trim() === '' || isPending) return;
    if (isOver) {
      const onSuccess = ({ task }: { task: { id: string } }) =>
        void navigate({ to: '/tasks/$id', params: { id: task.id } });
      return goOn.mutate({ id, instruction: text }, { onSuccess });
    }
    const onSuccess = ({ message }: { message: { note: string } }) => {
      setText('');
      toast(message.note);
    };
    tell.mutate({ id, text }, { onSuccess });
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-2 border-t border-line bg-surface px-4 py-3 md:px-6">
      {error !== null && <ErrorNotice error={error} />}
      <div className="flex items-end gap-2">
        <TextAreaField
          label={isOver ? 'Go on from here' : 'Tell it more'}
          value={text}
          onChange={setText}
          onKeyDown={onKeyDown}
          rows={2}
          className="min-w-0 flex-1"
        />
        <Button kind="primary" type="submit" busy={isPending} disabled={text.trim() === ''}>
          Send
        </Button>
      </div>
    </form>
  );
}
