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
  /** A stream is followed: the network is never idle. */
  live?: boolean;
}

const heading = (name: string) => (page: Page) => page.getByRole('heading', { name, exact: true }).waitFor();

/** Opens one of the sample tasks by its row, then a view of it. */
const openTask = (instruction: string, view?: string) => async (page: Page) => {
  await page.locator('[data-row]').filter({ hasText: instruction }).click();
  if (view) await page.getByRole('link', { name: view }).click();
};

export const SHOTS: readonly Shot[] = [
  { name: 'sign-in', path: '/sign-in', ready: heading('Sign in to Seed'), stranger: true },
  {
    name: 'tasks',
    path: '/tasks',
    ready: async (page) => {
      await page.locator('[data-row]').nth(5).waitFor();
      await page.getByText('Working').first().waitFor();
    },
  },
  {
    name: 'task',
    path: '/tasks?q=services',
    ready: async (page) => {
      await openTask('Check that all services answer')(page);
      await page.getByRole('region', { name: 'Answer' }).waitFor();
    },
  },
  {
    name: 'task-running',
    path: '/tasks?q=deployment',
    live: true,
    ready: async (page) => {
      await openTask('Follow the deployment')(page);
      await page.getByText('roll-out: done').last().waitFor();
    },
  },
  {
    name: 'task-ledger',
    path: '/tasks?q=inventory',
    ready: async (page) => {
      await openTask('Check our API key inventory', 'Ledger')(page);
      await page.getByRole('row').nth(1).waitFor();
    },
  },
  {
    name: 'task-artifacts',
    path: '/tasks?q=services',
    ready: async (page) => {
      await openTask('Check that all services answer', 'Artifacts')(page);
      await page.getByRole('columnheader', { name: 'latency' }).waitFor();
    },
  },
  {
    name: 'task-usage',
    path: '/tasks?q=services',
    ready: async (page) => {
      await openTask('Check that all services answer', 'Usage')(page);
      await page.getByText('Memory at its peak').waitFor();
    },
  },
  {
    name: 'task-details',
    path: '/tasks?q=inventory',
    ready: async (page) => {
      await openTask('Check our API key inventory', 'Details')(page);
      await page.getByText('platform').waitFor();
    },
  },
  {
    name: 'commands',
    path: '/commands',
    ready: (page) => page.locator('[data-row]').first().waitFor(),
  },
  { name: 'command', path: '/commands/keys-create', ready: heading('keys create') },
];
