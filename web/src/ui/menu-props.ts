// What a menu is given, closed or open: menu.tsx and open-menu.tsx.
import type { ReactNode } from 'react';
import type { IconName } from './icon.tsx';

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
