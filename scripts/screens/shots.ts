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
  if (view) await page.locator('main').getByRole('link', { name: view }).click();
};

const firstRow = (page: Page) => page.locator('[data-row]').first().waitFor();

/** From a list to the one of this name. */
const opened = (name: string) => async (page: Page) => {
  await page.getByRole('link', { name, exact: true }).first().click();
  await page.getByRole('heading', { name }).waitFor();
  await firstRow(page);
};

export const SHOTS: readonly Shot[] = [
  { name: 'sign-in', path: '/sign-in', ready: heading('Sign in to Seed'), stranger: true },
  { name: 'webhooks', path: '/webhooks', ready: firstRow },
  { name: 'webhook', path: '/webhooks', ready: opened('https://audit.acme.example/in') },
  {
    name: 'new-webhook',
    path: '/webhooks',
    ready: async (page) => {
      await page.getByRole('button', { name: 'New webhook' }).click();
      await page.getByLabel('Only these').check();
      await page.getByLabel('URL').fill('https://hooks.acme.example/seed');
      await page.getByRole('checkbox', { name: 'task.*' }).waitFor();
    },
  },
  { name: 'webhook-events', path: '/webhooks/events', ready: firstRow },
  {
    name: 'webhook-event',
    path: '/webhooks/events?type=task.completed',
    ready: opened('task.completed'),
  },
  { name: 'webhook-deliveries', path: '/webhooks/deliveries', ready: firstRow },
  {
    name: 'webhook-delivery',
    path: '/webhooks/deliveries?state=pending',
    ready: async (page) => {
      await firstRow(page);
      await page.locator('[data-row]').first().click();
      await page.getByRole('list', { name: 'Attempts' }).waitFor();
    },
  },
  { name: 'usage', path: '/usage', ready: (page) => page.locator('canvas').nth(2).waitFor() },
  {
    name: 'models',
    path: '/models',
    ready: (page) => page.getByRole('button', { name: 'Test scripted' }).waitFor(),
  },
  {
    name: 'sandboxes',
    path: '/sandboxes',
    ready: (page) => page.getByText('Works, in use').waitFor(),
  },
  {
    name: 'new-task',
    path: '/tasks/new',
    ready: (page) => page.getByRole('button', { name: 'Key audit' }).waitFor(),
  },
  {
    name: 'new-task-written',
    path: `/tasks/new?${new URLSearchParams({
      instruction: 'Check our API key inventory and revoke any expired ones',
      scopes: 'keys:read,keys:write',
      timeout: '60000',
      usd: '0.5',
    })}`,
    ready: (page) => page.getByText('The agent may use these').waitFor(),
  },
  { name: 'approvals', path: '/approvals', ready: firstRow },
  {
    name: 'approval',
    path: '/approvals',
    ready: async (page) => {
      await page.locator('[data-row]').filter({ hasText: 'destructive' }).first().click();
      await page.getByRole('heading', { name: 'What would be done' }).waitFor();
    },
  },
  {
    name: 'approval-deny',
    path: '/approvals',
    ready: async (page) => {
      await page.locator('[data-row]').first().click();
      await page.getByRole('button', { name: 'Deny' }).click();
      await page.getByLabel('Message').fill('Not before the audit');
    },
  },
  { name: 'keys', path: '/keys', ready: (page) => page.locator('[data-row]').first().waitFor() },
  {
    name: 'key',
    path: '/keys?q=ci',
    ready: async (page) => {
      await page.getByRole('link', { name: 'ci', exact: true }).click();
      await page.getByRole('img').first().waitFor();
    },
  },
  {
    name: 'key-limits',
    path: '/keys?q=buyer',
    ready: async (page) => {
      await page.getByRole('link', { name: 'buyer', exact: true }).click();
      await page.getByRole('heading', { name: 'What it may do without asking' }).scrollIntoViewIfNeeded();
    },
  },
  { name: 'new-key', path: '/keys/new', ready: heading('Create a key') },
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
    path: '/tasks?q=orders',
    live: true,
    ready: async (page) => {
      await openTask('Read all orders')(page);
      await page.getByRole('group', { name: 'Output of bash' }).getByText('Reading').last().waitFor();
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
