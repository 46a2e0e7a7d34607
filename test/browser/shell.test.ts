// What holds on every page: the theme, the navigation of a phone, a lost connection, and how little is loaded.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, expectAccessible, signIn } from '../fixtures/browser.ts';

const FIRST_LOAD_BYTES = 200_000;
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
    await page.waitForURL('**/commands');
  });
});

describeInBrowser('the first load', (browser) => {
  it(`of / takes at most ${FIRST_LOAD_BYTES / 1000} kB over the wire, up to the first page`, async () => {
    const page = await browser.newPage();
    const devtools = await page.context().newCDPSession(page);
    let bytes = 0;
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await devtools.send('Network.enable');
    await page.goto('/', { waitUntil: 'networkidle' });
    await page.getByRole('heading', { name: 'Sign in to Seed' }).waitFor();
    const atSignIn = bytes;
    await signIn(page, browser.server.adminKey);
    await page.locator('main#content').waitFor();
    await page.waitForLoadState('networkidle');
    console.log(
      `first load: ${Math.round(atSignIn / 1000)} kB, with the first page ${Math.round(bytes / 1000)} kB`,
    );
    expect(atSignIn).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(FIRST_LOAD_BYTES);
  });
});
