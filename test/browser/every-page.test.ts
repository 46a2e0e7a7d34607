// Every page of the dashboard with something on it, light on a desktop and dark on a phone: axe finds nothing, and
// nothing is wider than the screen.
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { axeFindings } from '../../scripts/lib/axe.ts';
import { contextOptions } from '../../scripts/lib/chromium.ts';
import { writeKeyHistory } from '../../scripts/screens/key-history.ts';
import { writeUsageHistory } from '../../scripts/screens/usage-history.ts';
import { writeWebhookHistory } from '../../scripts/screens/webhook-history.ts';
import { WEB_FOLDER } from '../../src/server/dashboard/web-files.ts';
import { describeInBrowser, signIn } from '../fixtures/browser.ts';
import { DASHBOARD_CLIENT } from '../fixtures/oidc-provider.ts';
import { oidcSettingsOf } from '../fixtures/oidc-settings.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

/** Of the provider only its name is shown. */
const oidc = oidcSettingsOf(
  { issuer: 'https://login.example.com', audience: 'seed' },
  { client: { id: DASHBOARD_CLIENT, secret: null } },
);

/** What the pages below are of. */
interface Things {
  key: string;
  task: string;
  running: string;
  approval: string;
  schedule: string;
  batch: string;
  webhook: string;
  event: string;
  delivery: string;
}

/** Two tasks, one of which has ended, keys, an approval, and what the pictures of the pages have of old days. */
async function fill(server: TestServer): Promise<Things> {
  const post = async (path: string, body: object, key = server.adminKey) =>
    (await server.call('POST', `/api/v1${path}`, { body, key })).body;
  const first = async (path: string) => (await server.call('GET', `/api/v1${path}`)).body.items[0].id;
  const runner = server.runner();
  await post('/tasks/run', { instruction: 'Check that all services answer', metadata: { team: 'garden' } });
  const lease = await runner.lease();
  await runner.put(lease, 'report.csv', 'service,latency\nsearch,840\n');
  await runner.settle(lease, { stdout: 'All of them answer.' });
  const running = await post('/tasks/run', { instruction: 'Read all orders' });
  await runner.lease();
  const asker = await server.newKey(['keys:*'], {
    name: 'buyer',
    approval: { effects: ['write', 'destructive'] },
  });
  const limited = await server.newKey(['keys:read', 'tasks:*'], { name: 'ci', requestsPerMinute: 60 });
  const { approval } = await post(`/keys/${limited.id}/revoke`, {}, asker.secret);
  const work = { cron: '0 7 * * MON-FRI', timezone: 'Europe/Berlin', command: 'obs costs', input: {} };
  const rows = [{ customer: 'Ada' }, { customer: 'Bob' }];
  const { batch } = await post('/tasks/batch', { instruction: 'Greet {{customer}}', rows });
  const { schedule } = await post('/schedules', { name: 'costs every morning', ...work });
  await writeKeyHistory(server.databaseUrl);
  await writeUsageHistory(server.databaseUrl);
  await writeWebhookHistory(server.databaseUrl);
  return {
    key: asker.id,
    task: lease.taskId,
    running: running.task.id,
    approval: approval.id,
    schedule: schedule.id,
    batch: batch.id,
    webhook: await first('/webhooks'),
    event: await first('/webhooks/events'),
    delivery: await first('/webhooks/deliveries'),
  };
}

const addresses = ({
  key,
  task,
  running,
  approval,
  schedule,
  batch,
  webhook,
  event,
  delivery,
}: Things): string[] => [
  '/tasks',
  '/tasks/new',
  `/tasks/${task}`,
  ...['ledger', 'artifacts', 'usage', 'details'].map((view) => `/tasks/${task}/${view}`),
  `/tasks/${running}`,
  '/approvals',
  `/approvals/${approval}`,
  '/keys',
  '/keys/new',
  `/keys/${key}`,
  '/batches',
  `/batches/${batch}`,
  '/schedules',
  `/schedules/${schedule}`,
  '/webhooks',
  `/webhooks/${webhook}`,
  '/webhooks/events',
  `/webhooks/events/${event}`,
  '/webhooks/deliveries',
  `/webhooks/deliveries/${delivery}`,
  '/usage',
  '/models',
  '/sandboxes',
  '/commands',
  '/commands/keys-create',
  '/nowhere',
];

/** Both themes and both sizes; no style depends on one and the other. `npm run screens` looks at all four. */
const VARIANTS = [
  { theme: 'light', phone: false },
  { theme: 'dark', phone: true },
] as const;

/** In each variant, one after the other in the same page. */
async function findings(page: Page, path: string): Promise<string[]> {
  const found: string[] = [];
  for (const { theme, phone } of VARIANTS) {
    const { viewport } = contextOptions('', { theme, phone });
    await page.setViewportSize(viewport ?? { width: 0, height: 0 });
    await page.emulateMedia({ colorScheme: theme });
    const where = `${path}, ${theme}, ${phone ? 'phone' : 'desktop'}`;
    for (const finding of await axeFindings(page)) found.push(`${where}: ${finding}`);
    const [wide, width] = await page.evaluate<[number, number]>(
      '[document.documentElement.scrollWidth, window.innerWidth]',
    );
    if (wide > width) found.push(`${where}: it is ${wide} wide, and the screen ${width}`);
  }
  return found;
}

/** Until what it shows has come: no part says that it loads, and nothing is asked for. */
async function settled(page: Page): Promise<void> {
  await page.locator('main').locator('h1:visible, h2:visible').first().waitFor();
  await expect.poll(() => page.getByRole('status', { name: 'Loading' }).count(), { timeout: 15_000 }).toBe(0);
}

describeInBrowser(
  'every page, light and dark, on a desktop and a phone,',
  (browser) => {
    let things: Things;
    beforeAll(async () => {
      things = await fill(browser.server);
    });

    it('of somebody who is signed in has no finding', async () => {
      const page = await browser.signedIn({ path: '/tasks' });
      const named = await page
        .locator('nav[aria-label=Pages] a')
        .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
      expect(
        named.filter((path) => !addresses(things).includes(path)),
        'pages that are not looked at',
      ).toEqual([]);
      const found: string[] = [];
      for (const path of addresses(things)) {
        await page.goto(path);
        await settled(page);
        found.push(...(await findings(page, path)));
      }
      expect(found).toEqual([]);
    }, 240_000);

    it('for signing in has none, whatever it has to say', async () => {
      const page = await browser.newPage();
      const found: string[] = [];
      const request = '7b8d1a52-7c4f-4c0e-9d8a-0c5f3a1e2b4d';
      for (const search of ['', '?because=key_revoked', `?problem=unknown_account&to=/keys&request=${request}`]) {
        await page.goto(`/sign-in${search}`);
        await page.getByRole('link', { name: 'Sign in with login.example.com' }).waitFor();
        found.push(...(await findings(page, `/sign-in${search}`)));
      }
      await signIn(page, 'sk_live_nothing');
      await page.getByRole('alert').getByText('invalid_key').waitFor();
      found.push(...(await findings(page, '/sign-in, refused')));
      expect(found).toEqual([]);
    });
  },
  () => startTestServer({ webFolder: WEB_FOLDER, oidc }),
);
