// The API reference at /docs in a real browser: what it shows, a call that is tried, and that anybody can read it.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';

describeInBrowser('the API reference', (browser) => {
  /** The page of an operation. */
  async function operation(page: Page, route: string): Promise<Page> {
    await page.goto(`/docs#?route=${route}`);
    await page.reload();
    await page.getByRole('button', { name: 'Execute' }).first().waitFor();
    return page;
  }

  it('shows an operation with its examples, and calls it by the session of the dashboard', async () => {
    const page = await operation(await browser.signedIn(), 'get-/api/v1/whoami');
    for (const label of ['curl', 'CLI', 'TypeScript'])
      await page.getByRole('button', { name: label, exact: true }).first().waitFor();
    const answered = page.waitForResponse((response) => response.url().endsWith('/api/v1/whoami'));
    await page.getByRole('button', { name: 'Execute' }).first().click();
    expect((await answered).status()).toBe(200);
  });

  it('changes something by the session, too', async () => {
    const page = await operation(await browser.signedIn(), 'post-/api/v1/webhooks/default-secret/rotate');
    const answered = page.waitForResponse((response) => response.url().endsWith('/rotate'));
    await page.getByRole('button', { name: 'Execute' }).first().click();
    expect((await answered).status()).toBe(200);
  });

  it('calls with a pasted key where nobody is signed in', async () => {
    const page = await operation(await browser.newPage(), 'get-/api/v1/whoami');
    await page.goto('/docs#?route=auth');
    await page.reload();
    await page.getByPlaceholder('api-token').fill(browser.server.adminKey);
    await page.getByRole('button', { name: 'Set' }).click();
    await page.getByText('Show the account and the scopes of the key in use').first().click();
    const answered = page.waitForResponse((response) => response.url().endsWith('/api/v1/whoami'));
    await page.getByRole('button', { name: 'Execute' }).first().click();
    expect((await answered).status()).toBe(200);
  });

  it.each([
    { theme: 'light', phone: false },
    { theme: 'dark', phone: false },
    { theme: 'light', phone: true },
  ] as const)('is accessible, $theme, on a phone: $phone', async (options) => {
    const page = await operation(await browser.newPage(options), 'post-/api/v1/keys');
    await expectAccessible(page);
  });
});
