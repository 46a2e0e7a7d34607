// The list of tasks: filters and search, kept up to date without moving away from under whoever looks, the
// keyboard.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, expectAccessible, type TestBrowser } from '../fixtures/browser.ts';

const rows = (page: Page) => page.locator('[data-row]');
const list = (page: Page) => page.getByRole('list', { name: 'Tasks' });

async function post({ server }: TestBrowser, instruction: string, more: object = {}, key?: string) {
  const { status, body } = await server.call('POST', '/api/v1/tasks/run', {
    body: { instruction, ...more },
    ...(key && { key }),
  });
  expect(status).toBe(202);
  return body.task.id as string;
}

describeInBrowser('the page of tasks', (browser) => {
  it('is the first page for a key that may list tasks, and teaches when there are none', async () => {
    const page = await browser.signedIn();
    await page.waitForURL('**/tasks');
    await page.getByRole('heading', { name: 'No tasks yet' }).waitFor();
    await page.getByText('seed tasks run').waitFor();
    expect(await page.locator('main').getByRole('link', { name: 'New task' }).getAttribute('href')).toBe(
      '/tasks/new',
    );
    await expectAccessible(page);

    const { secret } = await browser.server.newKey(['tasks:read']);
    const reader = await browser.signedIn({ key: secret });
    await reader.getByText('This key may not start one').waitFor();

    const other = await browser.server.newKey(['keys:read']);
    const stranger = await browser.signedIn({ key: other.secret });
    await stranger.waitForURL('**/keys');
    expect(await stranger.locator('nav a[href="/tasks"]').count()).toBe(0);
  });

  it('filters by status and key and searches, and the address keeps all of it', async () => {
    const runner = browser.server.runner();
    const { id: keyId, secret } = await browser.server.newKey(['tasks:*'], { name: 'nightly' });
    const done = await post(browser, 'Count the seeds', {}, secret);
    await runner.settle(await runner.lease());
    const waiting = await post(browser, 'Water the garden');
    const page = await browser.signedIn();
    await expect.poll(() => rows(page).count()).toBe(2);
    const text = await rows(page).nth(1).textContent();
    expect(text).toContain('Completed');
    expect(text).toContain('Count the seeds');
    await rows(page).nth(1).getByText('nightly').waitFor();

    await page.getByLabel('Status').selectOption('Completed');
    await expect.poll(() => rows(page).count()).toBe(1);
    await page.getByLabel('Key', { exact: true }).selectOption('nightly');
    expect(new URL(page.url()).search).toBe(`?status=completed&key=${keyId}`);
    await page.reload();
    await expect.poll(() => rows(page).count()).toBe(1);
    expect(await rows(page).first().getAttribute('href')).toBe(`/tasks/${done}`);
    await page.getByLabel('Status').selectOption('Timed out');
    await page.getByText('No task matches').waitFor();
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await expect.poll(() => rows(page).count()).toBe(2);

    await page.keyboard.press('/');
    await page.keyboard.type('GARDEN');
    await expect.poll(() => rows(page).count()).toBe(1);
    expect(new URL(page.url()).search).toBe('?q=GARDEN');
    await page.getByRole('searchbox').fill(done.slice(0, 8));
    await expect.poll(() => rows(page).first().getAttribute('href')).toBe(`/tasks/${done}`);
    await page.keyboard.press('Escape');
    await expect.poll(() => rows(page).count()).toBe(2);
    await browser.server.call('POST', `/api/v1/tasks/${waiting}/stop`);
    await rows(page).first().getByText('Stopped').waitFor();
  });

  it('shows new tasks by itself, but moves nothing while somebody points there or has scrolled', async () => {
    for (let i = 0; i < 60; i += 1) await post(browser, `Task number ${i}`);
    const page = await browser.signedIn();
    await page.getByText('Task number 59').waitFor();
    await post(browser, 'The first newcomer');
    await page.getByText('The first newcomer').waitFor();

    await list(page).hover();
    const before = await rows(page).first().boundingBox();
    await post(browser, 'The second newcomer');
    const button = page.getByRole('button', { name: 'Show 1 new task' });
    await button.waitFor();
    expect(await page.getByText('The second newcomer').count()).toBe(0);
    expect(await rows(page).first().boundingBox()).toEqual(before);
    await button.click();
    await page.getByText('The second newcomer').waitFor();

    await expect.poll(() => rows(page).count()).toBe(50);
    await page.getByRole('button', { name: 'Load more' }).click();
    await expect.poll(() => rows(page).count()).toBeGreaterThan(60);
    await page.getByText('Task number 0', { exact: true }).waitFor();
  });

  it('is used with the keyboard alone, and leads to a task and back', async () => {
    await post(browser, 'Open me');
    const page = await browser.signedIn();
    await page.getByText('Open me').waitFor();
    for (const key of ['j', 'j', 'k', 'Enter']) await page.keyboard.press(key);
    await page.getByRole('heading', { name: 'Open me' }).waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL('**/tasks');
    await page.goto('/commands');
    await page.getByRole('heading', { name: 'Commands', exact: true }).waitFor();
    for (const key of ['g', 't']) await page.keyboard.press(key);
    await page.waitForURL('**/tasks');
  });

  it('shows an instruction as what it is, plain text', async () => {
    await post(
      browser,
      '<img src=x onerror="window.ran = true"> \u202eevil\u0007 <script>window.ran = true</script>',
    );
    const page = await browser.signedIn();
    const row = rows(page).first();
    await row.getByText('<script>').waitFor();
    expect(await row.textContent()).toContain('U+202E');
    expect(await page.evaluate('window.ran')).toBeUndefined();
  });

  it.each([
    { theme: 'light', phone: false },
    { theme: 'dark', phone: false },
    { theme: 'light', phone: true },
    { theme: 'dark', phone: true },
  ] as const)('is accessible, $theme, on a phone: $phone', async (options) => {
    const page = await browser.signedIn(options);
    await rows(page).first().waitFor();
    await expectAccessible(page);
    expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);
  });
});
