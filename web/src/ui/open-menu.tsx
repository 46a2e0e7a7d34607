// A menu from when it is first opened, on Radix: arrows and first letters move, Escape and a press beside close.
// Loaded by menu.tsx, for most who open a page open no menu.
import { DropdownMenu } from 'radix-ui';
import { type FocusEvent, type ReactNode, useId, useRef } from 'react';
import { Icon, type IconName } from './icon.tsx';

export interface MenuProps {
  label: string;
  button: ReactNode;
  /** The button shows an icon alone: the label is its name. */
  iconOnly?: boolean;
  buttonClassName?: string;
  align?: 'start' | 'end';
  header?: ReactNode;
  items: readonly { label: string; icon?: IconName; onSelect(): void }[];
}

interface OpenMenuProps extends MenuProps {
  openedBy: 'press' | 'key';
}

export function OpenMenu(props: OpenMenuProps) {
  const { label, button, iconOnly, buttonClassName, align = 'start', header, items, openedBy } = props;
  const headerId = useId();
  const isNew = useRef(true);
  // Radix was not there yet to see the key that opened it, and leaves the focus on the list.
  const enter = ({ currentTarget }: FocusEvent<HTMLElement>) => {
    if (isNew.current && openedBy === 'key')
      currentTarget.querySelector<HTMLElement>('[role="menuitem"]')?.focus();
    isNew.current = false;
  };
  return (
    // A modal menu adds a style element against scrolling, which the page's policy refuses.
    <DropdownMenu.Root modal={false} defaultOpen>
      <DropdownMenu.Trigger className={buttonClassName} {...(iconOnly && { 'aria-label': label, title: label })}>
        {button}
      </DropdownMenu.Trigger>
      {/* In its place and not at the end of the page, where it would be part of no landmark. */}
      <DropdownMenu.Content
        onFocus={enter}
        aria-describedby={header ? headerId : undefined}
        side="top"
        sideOffset={4}
        align={align}
        className="z-50 min-w-44 rounded-lg border border-line bg-surface p-1 shadow-lg"
      >
        {header && <div id={headerId}>{header}</div>}
        {items.map((item) => (
          <DropdownMenu.Item
            key={item.label}
            onSelect={item.onSelect}
            className="flex h-8 w-full cursor-pointer items-center gap-2 rounded-md px-2 focus:bg-sunken focus:outline-none"
          >
            {item.icon && <Icon name={item.icon} className="text-muted" />}
            {item.label}
          </DropdownMenu.Item>
        ))}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
