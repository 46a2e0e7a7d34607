// The way to the page of a new task, filled in with what is known of it.
import { defaultStringifySearch, useRouter } from '@tanstack/react-router';
import type { ComponentProps, MouseEvent } from 'react';
import { buttonLook } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';

interface NewTaskLinkProps {
  kind?: Parameters<typeof buttonLook>[0];
  task: NewTask;
  label?: string;
}

interface NewTask {
  instruction?: string;
  scopes?: readonly string[] | null;
  /** Milliseconds. */
  timeout?: number;
  model?: string;
}

export function NewTaskLink({ kind, task, label = 'New task' }: NewTaskLinkProps) {
  const { history } = useRouter();
  const href = newTaskHref(task);
  const open: ComponentProps<'a'>['onClick'] = (event) => {
    if (opensElsewhere(event)) return;
    event.preventDefault();
    history.push(href);
  };
  return (
    <a href={href} onClick={open} className={buttonLook(kind)}>
      <Icon name={task.instruction === undefined ? 'plus' : 'repeat'} />
      {label}
    </a>
  );
}

export function newTaskHref({ instruction, scopes, timeout, model }: NewTask): string {
  return `/tasks/new${defaultStringifySearch({ instruction, scopes: scopes?.join(','), timeout, model })}`;
}

function opensElsewhere(event: MouseEvent): boolean {
  return event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
}
