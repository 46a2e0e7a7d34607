// From one thing back to its list with the filters it had, by hand and with Escape.
import { Link, useNavigate } from '@tanstack/react-router';
import { useShortcut } from '../../shell/keyboard/use-shortcut.ts';
import { buttonLook } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';

interface BackLinkProps {
  to: '/webhooks' | '/webhooks/events' | '/webhooks/deliveries';
  children: string;
}

export function BackLink({ to, children }: BackLinkProps) {
  const navigate = useNavigate();
  useShortcut('Escape', 'Back to the list', () => void navigate({ to, search: (before) => before }));
  return (
    <Link to={to} search={(before) => before} className={buttonLook('quiet', '-ml-2 self-start px-2!')}>
      <Icon name="chevron" className="rotate-180" />
      {children}
    </Link>
  );
}
