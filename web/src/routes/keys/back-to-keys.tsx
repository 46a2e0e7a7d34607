// The way back to the list, by hand and by Escape.
import { Link, useNavigate } from '@tanstack/react-router';
import { useShortcut } from '../../shell/keyboard/use-shortcut.ts';
import { buttonLook } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';

export function BackToKeys() {
  const navigate = useNavigate();
  useShortcut('Escape', 'Back to the keys', () => void navigate({ to: '/keys', search: true }));
  return (
    <Link to="/keys" search className={buttonLook('quiet', '-mb-3 -ml-2 self-start px-2!')}>
      <Icon name="chevron" className="rotate-180" />
      Keys
    </Link>
  );
}
