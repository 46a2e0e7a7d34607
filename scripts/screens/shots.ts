// What is photographed: at least one shot of every page. A new page adds its own here.
import type { Page } from 'playwright-core';

export interface Shot {
  /** The file's name, before the theme and the size. */
  name: string;
  path: string;
  /** Comes back when the page shows what the picture is for. */
  ready(page: Page): Promise<void>;
  /** Before anybody has signed in. */
  stranger?: boolean;
}

const heading = (name: string) => (page: Page) => page.getByRole('heading', { name, exact: true }).waitFor();

export const SHOTS: readonly Shot[] = [
  { name: 'sign-in', path: '/sign-in', ready: heading('Sign in to Seed'), stranger: true },
  {
    name: 'commands',
    path: '/commands',
    ready: (page) => page.locator('[data-row]').first().waitFor(),
  },
  { name: 'command', path: '/commands/keys-create', ready: heading('keys create') },
];
