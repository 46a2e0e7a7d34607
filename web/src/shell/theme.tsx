// Light, dark, or what the system says, kept in this browser; first-paint.js applies it before the page shows.
import { useSyncExternalStore } from 'react';
import { createStore } from '../api/store.ts';
import { buttonLook } from '../ui/button.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';

type Theme = 'light' | 'dark' | 'system';

const STORED_AS = 'seed-theme';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
const store = createStore<Theme>(storedTheme());

systemIsDark.addEventListener('change', apply);

function setTheme(chosen: Theme): void {
  store.set(chosen);
  try {
    if (chosen === 'system') localStorage.removeItem(STORED_AS);
    else localStorage.setItem(STORED_AS, chosen);
  } catch {
    // Storage can be switched off: the choice then lasts as long as the page.
  }
  apply();
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(STORED_AS);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

function apply(): void {
  const chosen = store.get();
  const dark = chosen === 'system' ? systemIsDark.matches : chosen === 'dark';
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
}

const THEMES: readonly { theme: Theme; label: string; icon: IconName }[] = [
  { theme: 'light', label: 'Light', icon: 'sun' },
  { theme: 'dark', label: 'Dark', icon: 'moon' },
  { theme: 'system', label: 'As the system', icon: 'system' },
];

export function ThemeMenu() {
  const theme = useSyncExternalStore(store.subscribe, store.get);
  const current = THEMES.find((one) => one.theme === theme);
  return (
    <Menu
      label={`Theme: ${current?.label}`}
      iconOnly
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
