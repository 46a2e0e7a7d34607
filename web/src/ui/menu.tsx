// A button that opens a short list of actions. Arrow keys move, Escape and a click elsewhere close.
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';

export interface MenuItem {
  label: string;
  icon?: IconName;
  onSelect(): void;
}

interface MenuProps {
  /** What the menu is for. */
  label: string;
  button: ReactNode;
  /** The button shows an icon alone: the label is its name. */
  iconOnly?: boolean;
  buttonClassName?: string;
  /** Where the list opens. */
  side?: 'above' | 'below';
  /** Which edge of the button it keeps to. */
  align?: 'start' | 'end';
  /** Stands above the actions. */
  header?: ReactNode;
  items: readonly MenuItem[];
}

export function Menu({
  label,
  button,
  iconOnly = false,
  buttonClassName,
  side = 'below',
  align = 'start',
  header,
  items,
}: MenuProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    const leave = (event: Event) => box.current?.contains(event.target as Node) || setOpen(false);
    document.addEventListener('pointerdown', leave);
    return () => document.removeEventListener('pointerdown', leave);
  }, [open]);

  const close = () => {
    setOpen(false);
    box.current?.querySelector('button')?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open || !['Escape', 'Tab', 'ArrowDown', 'ArrowUp'].includes(event.key)) return;
    event.stopPropagation();
    if (event.key === 'Tab') return setOpen(false);
    event.preventDefault();
    if (event.key === 'Escape') return close();
    const all = [...(box.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const step = event.key === 'ArrowDown' ? 1 : -1;
    all.at((all.indexOf(document.activeElement as HTMLElement) + step) % all.length)?.focus();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the menu inside
    <div ref={box} className="relative" onKeyDown={onKeyDown}>
      <button
        type="button"
        aria-label={iconOnly ? label : undefined}
        title={iconOnly ? label : undefined}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
        className={buttonClassName}
      >
        {button}
      </button>
      {open && (
        <div
          className={classNames(
            'absolute z-40 min-w-44 rounded-lg border border-line bg-surface p-1 shadow-lg',
            align === 'start' ? 'left-0' : 'right-0',
            side === 'above' ? 'bottom-full mb-1' : 'top-full mt-1',
          )}
        >
          {header}
          <div role="menu" id={id} aria-label={label}>
            {items.map((item) => (
              <button
                key={item.label}
                type="button"
                role="menuitem"
                tabIndex={-1}
                onClick={() => {
                  close();
                  item.onSelect();
                }}
                className="flex h-8 w-full items-center gap-2 rounded-md px-2 text-left hover:bg-sunken focus:bg-sunken"
              >
                {item.icon && <Icon name={item.icon} className="text-muted" />}
                {item.label}
              </button>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}
