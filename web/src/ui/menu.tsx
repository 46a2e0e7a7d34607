// A button with a short list of actions, on Radix: arrows and first letters move, Escape and a press beside close.
import { DropdownMenu } from 'radix-ui';
import { type ReactNode, useId } from 'react';
import { Icon, type IconName } from './icon.tsx';

interface MenuProps {
  label: string;
  button: ReactNode;
  /** The button shows an icon alone: the label is its name. */
  iconOnly?: boolean;
  buttonClassName?: string;
  align?: 'start' | 'end';
  header?: ReactNode;
  items: readonly { label: string; icon?: IconName; onSelect(): void }[];
}

export function Menu({ label, button, iconOnly, buttonClassName, align = 'start', header, items }: MenuProps) {
  const headerId = useId();
  return (
    // A modal menu adds a style element against scrolling, which the page's policy refuses.
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className={buttonClassName} {...(iconOnly && { 'aria-label': label, title: label })}>
        {button}
      </DropdownMenu.Trigger>
      {/* In its place and not at the end of the page, where it would be part of no landmark. */}
      <DropdownMenu.Content
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
