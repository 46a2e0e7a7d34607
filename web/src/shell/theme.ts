// Light, dark, or what the system says. The choice is kept in this browser; first-paint.js applies it before the page shows.
import { useSyncExternalStore } from 'react';
import { createStore } from '../api/store.ts';

export type Theme = 'light' | 'dark' | 'system';

const STORED_AS = 'seed-theme';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
const theme = createStore<Theme>(storedTheme());

systemIsDark.addEventListener('change', apply);

export function useTheme(): Theme {
  return useSyncExternalStore(theme.subscribe, theme.get);
}

export function setTheme(chosen: Theme): void {
  theme.set(chosen);
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
  const chosen = theme.get();
  const dark = chosen === 'system' ? systemIsDark.matches : chosen === 'dark';
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
}
