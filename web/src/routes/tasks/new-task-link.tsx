// The way to the page of a new task, filled in with what is known of it.
import { Link } from '@tanstack/react-router';
import { buttonLook } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';

export function NewTaskLink() {
  return (
    <Link to="/tasks/new" className={buttonLook('primary')}>
      <Icon name="plus" />
      New task
    </Link>
  );
}

interface RunAgainLinkProps {
  task: { instruction: string; scopes: { requested: string[] | null }; timeout: number; model: string };
}

/** With the same values; what was not asked for stays open. */
export function RunAgainLink({ task: { instruction, scopes, timeout, model } }: RunAgainLinkProps) {
  return (
    <Link
      to="/tasks/new"
      search={{ instruction, scopes: scopes.requested?.join(','), timeout, model }}
      className={buttonLook()}
    >
      <Icon name="repeat" />
      Run again
    </Link>
  );
}
