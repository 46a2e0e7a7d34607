// A button with a short list of actions. What opens them comes with the first press: open-menu.tsx.
import { type KeyboardEvent, lazy, Suspense, useState } from 'react';
import type { MenuProps } from './open-menu.tsx';

const OpenMenu = lazy(async () => ({ default: (await import('./open-menu.tsx')).OpenMenu }));

export function Menu(props: MenuProps) {
  const [openedBy, setOpenedBy] = useState<'press' | 'key' | null>(null);
  const button = <ClosedMenu {...props} onOpen={setOpenedBy} />;
  if (openedBy === null) return button;
  return (
    <Suspense fallback={button}>
      <OpenMenu {...props} openedBy={openedBy} />
    </Suspense>
  );
}

interface ClosedMenuProps extends MenuProps {
  onOpen(by: 'press' | 'key'): void;
}

function ClosedMenu({ label, button, iconOnly, buttonClassName, onOpen }: ClosedMenuProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    onOpen('key');
  };
  return (
    <button
      type="button"
      aria-haspopup="menu"
      aria-expanded="false"
      className={buttonClassName}
      // Enter and space press it without a pointer.
      onClick={({ detail }) => onOpen(detail === 0 ? 'key' : 'press')}
      onKeyDown={onKeyDown}
      {...(iconOnly && { 'aria-label': label, title: label })}
    >
      {button}
    </button>
  );
}
