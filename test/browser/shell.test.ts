// What holds on every page: the theme, the navigation of a phone, a lost connection, and how little is loaded.
import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, expectAccessible, signIn } from '../fixtures/browser.ts';

const FIRST_LOAD_BYTES = 200_000;
const expectFocused = (control: Locator) =>
  expect.poll(() => control.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
const theme = (page: Page) => page.evaluate('document.documentElement.dataset.theme');

describeInBrowser('the shell', (browser) => {
  it('follows the system, and the choice from then on, from the first paint', async () => {
    const page = await browser.signedIn({ theme: 'dark' });
    expect(await theme(page)).toBe('dark');
    await page.getByRole('button', { name: /^Theme/ }).click();
    await page.getByRole('menuitem', { name: 'Light' }).click();
    expect(await theme(page)).toBe('light');
    // Without the page's own script there is only what is set before the first paint.
    await page.route('**/assets/index-*.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: '' }),
    );
    await page.reload();
    expect(await theme(page)).toBe('light');
  });

  it('has its navigation in a drawer on a phone', async () => {
    const page = await browser.signedIn({ phone: true, path: '/commands/keys-list' });
    await page.getByRole('button', { name: 'Menu' }).click();
    const drawer = page.getByRole('dialog', { name: 'Seed' });
    await drawer.getByRole('link', { name: 'Commands' }).waitFor();
    await expectAccessible(page);
    await drawer.getByRole('link', { name: 'Commands' }).click();
    await drawer.waitFor({ state: 'hidden' });
    await page.waitForURL('**/commands');
  });

  it('has menus for the keyboard: arrows and letters move, no shortcut runs, Escape gives the focus back', async () => {
    const page = await browser.signedIn({ path: '/keys' });
    const account = page.getByRole('button', { name: /^Account/ });
    const item = (name: string) => page.getByRole('menuitem', { name, exact: true });
    await account.focus();
    await page.keyboard.press('Enter');
    await expectFocused(item('Sign out'));
    await expectAccessible(page);
    await page.keyboard.press('ArrowDown');
    await expectFocused(item('Sign out in all browsers'));
    // On the page of keys `n` creates one.
    await page.keyboard.press('n');
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'detached' });
    await expectFocused(account);
    expect(new URL(page.url()).pathname).toBe('/keys');
    await page.getByRole('button', { name: /^Theme/ }).click();
    await page.keyboard.type('da');
    await expectFocused(item('Dark'));
    await page.keyboard.press('Enter');
    expect(await theme(page)).toBe('dark');
  });

  it.each(['Escape', 'a press beside it', 'its button'])(
    'keeps the focus in a dialog until %s closes it, then gives it back',
    async (how) => {
      const page = await browser.signedIn({ path: '/keys' });
      const opener = page.getByRole('button', { name: 'Keyboard shortcuts (?)' });
      const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
      await opener.focus();
      await page.keyboard.press('Enter');
      await expectFocused(dialog.getByRole('button', { name: 'Close' }));
      for (const key of ['Tab', 'Tab', 'Shift+Tab', 'n']) await page.keyboard.press(key);
      expect(await dialog.evaluate((element) => element.contains(element.ownerDocument.activeElement))).toBe(true);
      if (how === 'Escape') await page.keyboard.press('Escape');
      else if (how === 'its button') await dialog.getByRole('button', { name: 'Close' }).click();
      else await page.mouse.click(5, 5);
      await dialog.waitFor({ state: 'detached' });
      await expectFocused(opener);
      expect(new URL(page.url()).pathname).toBe('/keys');
    },
  );

  it('reads a message out, leads to it with F8, and takes it away by itself', async () => {
    const page = await browser.signedIn({ path: '/commands/keys-list' });
    await page.getByRole('button', { name: 'Copy the link to this command' }).click();
    await page.getByRole('status').getByText('The link is copied').waitFor();
    const message = page.getByText('The link is copied', { exact: true });
    await message.waitFor();
    await page.keyboard.press('F8');
    await expectFocused(page.getByRole('region', { name: 'Notifications (F8)' }).getByRole('list'));
    await expectAccessible(page);
    await page.getByRole('main').click();
    await message.waitFor({ state: 'detached' });
  });

  it('says that `scripted` is no language model, to those who may start tasks', async () => {
    const page = await browser.signedIn({ path: '/commands' });
    const notice = page.getByRole('region', { name: 'The model' });
    await notice.getByText('`scripted` is no language model').waitFor();
    await expectAccessible(page);
  });

  it('marks one page of the navigation, that of a new task apart from that of tasks', async () => {
    const page = await browser.signedIn({ path: '/tasks/new' });
    const current = page.getByRole('navigation', { name: 'Pages' }).locator('a[aria-current=page]');
    await expect.poll(() => current.locator('.flex-1').allTextContents()).toEqual(['New task']);
    await page.goto('/tasks/00000000-0000-4000-8000-000000000000');
    await expect.poll(() => current.locator('.flex-1').allTextContents()).toEqual(['Tasks']);
  });

  it('says that the line is lost, and that it is back', async () => {
    const page = await browser.signedIn({ path: '/commands' });
    const banner = page.getByText('Seed cannot be reached');
    await page.route('**/{session,healthz}', (route) => route.abort());
    await page.getByRole('button', { name: /^Account/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click();
    await banner.waitFor();
    await page.unroute('**/{session,healthz}');
    await banner.waitFor({ state: 'hidden' });
  });

  it('answers an address that leads nowhere with the way back', async () => {
    const page = await browser.signedIn({ path: '/nowhere' });
    await page.getByText('There is nothing here').waitFor();
    await page.getByRole('link', { name: 'Go to the first page' }).click();
    await page.waitForURL('**/tasks');
  });
});

describeInBrowser('the first load', (browser) => {
  it(`of / takes at most ${FIRST_LOAD_BYTES / 1000} kB over the wire, the first page included`, async () => {
    const page = await browser.newPage();
    const bytes = await countBytes(page);
    await page.goto('/', { waitUntil: 'networkidle' });
    await page.getByRole('heading', { name: 'Sign in to Seed' }).waitFor();
    const atSignIn = bytes.page;
    await signIn(page, browser.server.adminKey);
    await page.locator('main#content').waitFor();
    await page.waitForLoadState('networkidle');
    const kilobytes = [atSignIn, bytes.page, bytes.api].map((number) => (number / 1000).toFixed(1));
    console.log(
      `first load: ${kilobytes[0]} kB to sign in, ${kilobytes[1]} kB with the first page, and ${kilobytes[2]} kB from the API`,
    );
    expect(atSignIn).toBeGreaterThan(10_000);
    expect(bytes.page).toBeLessThan(FIRST_LOAD_BYTES);
  });
});

/** What comes over the wire from now on, headers included: the page's own files, and answers of the API. */
async function countBytes(page: Page): Promise<{ page: number; api: number }> {
  const devtools = await page.context().newCDPSession(page);
  const paths = new Map<string, string>();
  const bytes = { page: 0, api: 0 };
  devtools.on('Network.responseReceived', ({ requestId, response }) => {
    paths.set(requestId, new URL(response.url).pathname);
  });
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const path = paths.get(requestId) ?? '';
    bytes[path.startsWith('/api/') || path === '/session' ? 'api' : 'page'] += encodedDataLength;
  });
  await devtools.send('Network.enable');
  return bytes;
}
