// The choice of the theme.

import { buttonLook } from '../ui/button.tsx';
import type { IconName } from '../ui/icon.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { setTheme, type Theme, useTheme } from './theme.ts';

const THEMES: readonly { theme: Theme; label: string; icon: IconName }[] = [
  { theme: 'light', label: 'Light', icon: 'sun' },
  { theme: 'dark', label: 'Dark', icon: 'moon' },
  { theme: 'system', label: 'As the system', icon: 'system' },
];

export function ThemeMenu() {
  const theme = useTheme();
  const current = THEMES.find((one) => one.theme === theme);
  return (
    <Menu
      label={`Theme: ${current?.label}`}
      iconOnly
      side="above"
      align="end"
      buttonClassName={buttonLook('quiet', 'w-8 px-0')}
      button={<Icon name={current?.icon ?? 'system'} />}
      items={THEMES.map((one) => ({
        label: one.label,
        icon: one.theme === theme ? 'check' : one.icon,
        onSelect: () => setTheme(one.theme),
      }))}
    />
  );
}
