// The pages of webhooks, with a receiver of our own: made, tested, failing, replayed, changed, deleted.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WEB_FOLDER } from '../../src/server/dashboard/web-files.ts';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';
import { startTestServer } from '../fixtures/server.ts';
import { startReceiver, status, type WebhookReceiver } from '../fixtures/webhook-receiver.ts';

const start = () => startTestServer({ webFolder: WEB_FOLDER, webhookNetworks: ['127.0.0.0/8'] });
const rows = (page: Page) => page.locator('[data-row]');
const dialog = (page: Page, name: string) => page.getByRole('dialog', { name });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

describeInBrowser(
  'the pages of webhooks',
  (browser) => {
    let receiver: WebhookReceiver;
    beforeAll(async () => {
      receiver = await startReceiver();
    });
    afterAll(() => receiver.close());

    const api = async (method: string, path: string, body?: object) =>
      (await browser.server.call(method, `/api/v1/webhooks${path}`, body ? { body } : {})).body;
    const made = async (path: string, events = ['key.*']): Promise<string> =>
      (await api('POST', '', { url: `${receiver.url}${path}`, events })).webhook.id;

    it('teach what a webhook is, make one, show its secret once and test it', async () => {
      const page = await browser.signedIn({ path: '/webhooks' });
      await page.getByText('No webhook yet').waitFor();
      await expectAccessible(page);
      await page.keyboard.press('n');
      const form = dialog(page, 'New webhook');
      await form.getByLabel('URL').fill(`${receiver.url}/made`);
      await form.getByLabel('Description').fill('from the dashboard');
      await form.getByLabel('Only these').check();
      await form.getByRole('checkbox', { name: 'key.*' }).check();
      await form.getByRole('checkbox', { name: 'task.*' }).uncheck();
      await form.getByRole('checkbox', { name: /^task\.failed/ }).check();
      await expectAccessible(page);
      await button(page, 'Create the webhook').click();

      const shown = dialog(page, 'The webhook is made');
      const secret = (await shown.locator('code').first().textContent()) ?? '';
      expect(secret).toMatch(/^whsec_/);
      await shown.getByRole('button', { name: 'Copy the secret' }).click();
      await expect.poll(() => page.evaluate<string>('navigator.clipboard.readText()')).toBe(secret);
      await page.keyboard.press('Escape');
      await shown.getByText('Have you kept it?').waitFor();
      await expectAccessible(page);
      await button(page, 'I have kept it').click();
      await shown.waitFor({ state: 'hidden' });

      await rows(page).first().click();
      await page.getByRole('heading', { name: `${receiver.url}/made` }).waitFor();
      const [webhook] = (await api('GET', '')).items;
      expect(webhook).toMatchObject({ description: 'from the dashboard', events: ['key.*', 'task.failed'] });
      expect(page.url()).toBe(`${browser.server.url}/webhooks/${webhook.id}`);
      receiver.answer(status(200, {}, 'thanks\u202e<b>you</b>'));
      await button(page, 'Send a test').click();
      const tested = dialog(page, 'A test event');
      await tested.getByText('Delivered').waitFor();
      await tested.getByText('thanksU+202E<b>you</b>').waitFor();
      await receiver.has(1, ({ path, body }) => path === '/made' && body.type === 'webhook.test');
      await expectAccessible(page);
      await tested.getByRole('link', { name: 'Open the delivery' }).click();
      await page.waitForURL('**/webhooks/deliveries/*');
      await page.getByRole('heading', { name: 'webhook.test' }).waitFor();
      await expectAccessible(page);
      expect(await page.content()).not.toContain(secret);
    });

    it('show a delivery that fails with its answer, send it again and see it delivered', async () => {
      const id = await made('/failing');
      receiver.answer(status(500, {}, 'out of order'));
      await browser.server.newKey(['keys:read']);
      await receiver.has(1, ({ path }) => path === '/failing');
      const page = await browser.signedIn({ path: `/webhooks/deliveries?webhook=${id}` });
      await page.getByRole('cell', { name: '500' }).waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.getByText('out of order').first().waitFor();
      const detail = page.url();
      receiver.answer(status(204));
      await button(page, 'Send again').click();
      await page.getByText('Delivered', { exact: true }).waitFor();
      await page.getByRole('list', { name: 'Attempts' }).getByText('204').waitFor();
      const { body } = await browser.server.call('GET', `/api/v1${new URL(detail).pathname}`);
      expect(body.delivery.status).toBe('delivered');
      expect(await page.getByRole('list', { name: 'Attempts' }).getByRole('listitem').count()).toBe(
        body.delivery.attempts.length,
      );
      await page.keyboard.press('Escape');
      await page.waitForURL(`**/webhooks/deliveries?webhook=${id}`);
    });

    it('replay all that have failed since a time', async () => {
      const id = await made('/off');
      receiver.answer(status(503));
      await browser.server.newKey(['keys:read'], { name: 'one' });
      await browser.server.newKey(['keys:read'], { name: 'two' });
      const deliveries = async () => (await api('GET', `/deliveries?webhookId=${id}`)).items.length;
      await expect.poll(deliveries, { timeout: 15_000 }).toBe(2);
      // What waits for a webhook that is switched off has failed.
      await api('PATCH', `/${id}`, { enabled: false });
      receiver.answer(status(204));
      const page = await browser.signedIn({ path: `/webhooks/${id}` });
      await expect.poll(() => page.getByText('Failed', { exact: true }).count()).toBe(2);
      await button(page, 'Switch on').click();
      await button(page, 'Switch off').waitFor();
      await page.goto(`/webhooks/deliveries?webhook=${id}`);
      await button(page, 'Replay failed…').click();
      await expectAccessible(page);
      await button(page, 'Send them again').click();
      await page.getByText('2 deliveries are sent again', { exact: true }).waitFor();
      await expect.poll(() => page.getByRole('cell', { name: 'Delivered' }).count(), { timeout: 15_000 }).toBe(2);
    });

    it('filter events by type and time, in the address, and show one with its payload and deliveries', async () => {
      const id = await made('/events');
      receiver.answer(status(204));
      const key = await browser.server.newKey(['keys:read'], { name: '\u202ereversed' });
      await browser.server.call('POST', `/api/v1/keys/${key.id}/revoke`);
      const page = await browser.signedIn({ path: '/webhooks/events' });
      await page.getByLabel('Type').selectOption('key.revoked');
      await page.waitForURL('**/webhooks/events?type=key.revoked');
      await expect.poll(() => rows(page).allInnerTexts()).toEqual(['key.revoked']);
      await page.getByLabel('Time', { exact: true }).selectOption('24h');
      await page.waitForURL(/span=24h/);
      await page.getByLabel('Time', { exact: true }).selectOption('own');
      await page.getByLabel('To (UTC), included').fill('2025-01-31');
      await page.getByLabel('From (UTC)').fill('2025-01-01');
      await page.getByText('No event is like that').waitFor();
      await expectAccessible(page);
      await button(page, 'Clear the filters').click();
      await page.getByLabel('Type').selectOption('key.*');
      await rows(page).filter({ hasText: 'key.created' }).first().click();
      await page.getByRole('heading', { name: 'key.created' }).waitFor();
      const payload = page.getByRole('region', { name: 'What is posted' }).locator('code');
      const [event] = (await api('GET', '/events?type=key.created&limit=1')).items;
      const text = (await payload.textContent()) ?? '';
      expect(text).not.toContain('\u202e');
      expect(JSON.parse(text)).toEqual({ type: event.type, timestamp: event.timestamp, data: event.data });
      await page.getByRole('cell', { name: `${receiver.url}/events` }).waitFor();
      await expectAccessible(page);
      await api('DELETE', `/${id}`);
    });

    it('edit, rotate and delete, each after asking', async () => {
      const id = await made('/edited');
      const page = await browser.signedIn({ path: `/webhooks/${id}` });
      await button(page, 'Edit').click();
      await dialog(page, 'Edit the webhook').getByLabel('URL').fill('http://127.0.0.1:1/\u{1F600}');
      await dialog(page, 'Edit the webhook').getByRole('radio', { name: 'All' }).check();
      await button(page, 'Save').click();
      await expect.poll(async () => (await api('GET', `/${id}`)).webhook).toMatchObject({ events: ['*'] });
      await button(page, 'Edit').click();
      await dialog(page, 'Edit the webhook').getByLabel('URL').fill('http://10.0.0.1/hook');
      await button(page, 'Save').click();
      await dialog(page, 'Edit the webhook').getByText('invalid_input').waitFor();
      await page.keyboard.press('Escape');
      await button(page, 'Rotate the secret').click();
      await button(page, 'Rotate').click();
      expect(await dialog(page, 'The new secret').locator('code').first().textContent()).toMatch(/^whsec_/);
      await button(page, 'I have kept it').click();
      await page.getByText('Signed with the one before, too').waitFor();
      await button(page, 'Delete').click();
      await dialog(page, 'Delete the webhook?').getByText('This cannot be undone').waitFor();
      await expectAccessible(page);
      await button(page, 'Delete the webhook').click();
      await page.waitForURL('**/webhooks');
      expect((await browser.server.call('GET', `/api/v1/webhooks/${id}`)).status).toBe(404);
    });

    it('offer only what the key may do', async () => {
      const id = await made('/read');
      const { secret } = await browser.server.newKey(['webhooks:read']);
      const page = await browser.signedIn({ key: secret, path: `/webhooks/${id}` });
      await page.getByRole('heading', { name: `${receiver.url}/read` }).waitFor();
      for (const name of ['Send a test', 'Edit', 'Switch off', 'Rotate the secret', 'Delete'])
        expect(await button(page, name).count(), name).toBe(0);
      await page.getByRole('link', { name: 'Webhooks' }).first().click();
      await rows(page).first().waitFor();
      expect(await button(page, 'New webhook').count()).toBe(0);
      await page.goto('/webhooks/deliveries');
      await page.getByRole('heading', { name: 'Webhooks' }).waitFor();
      expect(await button(page, 'Replay failed…').count()).toBe(0);
    });

    it.each([
      { theme: 'light', phone: true },
      { theme: 'dark', phone: true },
      { theme: 'dark', phone: false },
    ] as const)('are accessible and no wider than the screen, $theme, on a phone: $phone', async (options) => {
      const page = await browser.signedIn({ ...options, path: '/webhooks' });
      for (const path of ['/webhooks', '/webhooks/events', '/webhooks/deliveries']) {
        await page.goto(path);
        await rows(page).first().waitFor();
        await expectAccessible(page);
        expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth'), path).toBe(false);
      }
    });
  },
  start,
);
