// Signing in and out, in a real browser against a real server.
import { expect, it } from 'vitest';
import { WEB_FOLDER } from '../../src/server/dashboard/web-files.ts';
import { describeInBrowser, expectAccessible, signIn } from '../fixtures/browser.ts';
import { startTestServer } from '../fixtures/server.ts';

const PREFIX = '/tools/seed';

describeInBrowser('signing in', (browser) => {
  it('leads to the first page, keeps nothing in storage and nothing that a script can read', async () => {
    const page = await browser.newPage();
    await page.goto('/');
    await page.waitForURL('**/sign-in');
    await signIn(page, browser.server.adminKey);
    await page.waitForURL('**/tasks');
    await page.getByRole('heading', { name: 'Tasks', exact: true }).waitFor();
    expect(await page.evaluate('[document.cookie, localStorage.length, sessionStorage.getItem("key")]')).toEqual([
      '',
      0,
      null,
    ]);
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ name: 'seed_session', httpOnly: true, sameSite: 'Strict' });
    const kept = await page.evaluate<string>(
      'JSON.stringify({ ...sessionStorage }) + document.documentElement.outerHTML',
    );
    expect(kept).not.toContain(browser.server.adminKey);
  });

  it.each([
    ['what is no key', 'sk_live_nothing', 'invalid_key'],
    ['a key that is not there', `sk_live_${'0'.repeat(36)}`, 'invalid_key'],
  ])('%s is refused with the reason', async (_, key, code) => {
    const page = await browser.newPage();
    await page.goto('/sign-in');
    await signIn(page, key);
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toContain(code);
    await expectAccessible(page);
  });

  it('leads back to where one was going, and never to another site', async () => {
    const page = await browser.newPage();
    await page.goto('/commands/keys-revoke?q=key');
    await page.waitForURL('**/sign-in?*');
    await signIn(page, browser.server.adminKey);
    await page.waitForURL('**/commands/keys-revoke?q=key');
    await page.getByRole('heading', { name: 'keys revoke' }).waitFor();

    const lured = await browser.newPage();
    await lured.goto('/sign-in?to=//elsewhere.example/');
    await signIn(lured, browser.server.adminKey);
    await lured.waitForURL(`${browser.server.url}/tasks`);
  });

  it('ends by signing out: the cookie is gone and so is the session', async () => {
    const page = await browser.signedIn();
    const [cookie] = await page.context().cookies();
    await page.getByRole('button', { name: /^Account/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click();
    await page.waitForURL('**/sign-in');
    expect(await page.context().cookies()).toEqual([]);
    await page.context().addCookies(cookie ? [cookie] : []);
    await page.goto('/commands');
    await page.waitForURL('**/sign-in?*');
  });

  it('is asked for again, with the reason, when the key is revoked meanwhile', async () => {
    const key = await browser.server.newKey(['keys:read']);
    const page = await browser.signedIn({ key: key.secret, path: '/commands/keys-list' });
    await browser.server.call('POST', `/api/v1/keys/${key.id}/revoke`);
    await page.reload();
    await page.waitForURL('**/sign-in?*');
    expect(new URL(page.url()).searchParams.get('to')).toBe('/commands/keys-list');
    await page.getByText('The key you were signed in with was revoked').waitFor();
  });

  it('is asked for again while one is looking, and leads back', async () => {
    const key = await browser.server.newKey(['keys:read']);
    const other = await browser.server.newKey(['keys:read']);
    const page = await browser.newPage();
    await page.clock.install();
    await page.goto('/commands/keys-list');
    await signIn(page, key.secret);
    await page.getByRole('heading', { name: 'keys list' }).waitFor();
    await browser.server.call('PATCH', `/api/v1/keys/${key.id}`, { body: { enabled: false } });
    // Who comes back to the page after a while has it ask again who they are.
    await page.clock.fastForward('02:00');
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
    await page.getByText('The key you were signed in with was switched off').waitFor();
    await signIn(page, other.secret);
    await page.getByRole('heading', { name: 'keys list' }).waitFor();
  });
});

describeInBrowser('the sign-in page', (browser) => {
  it.each(['light', 'dark'] as const)('is accessible, %s', async (theme) => {
    const page = await browser.newPage({ theme });
    await page.goto('/sign-in');
    await page.getByRole('heading', { name: 'Sign in to Seed' }).waitFor();
    await expectAccessible(page);
  });
});

describeInBrowser(
  'below a path of its host',
  (browser) => {
    it('signs in, follows its own links, comes back by the address of a page, and signs out', async () => {
      const page = await browser.newPage();
      await page.goto(`${PREFIX}/commands/keys-revoke?q=key`);
      await page.waitForURL(`**${PREFIX}/sign-in?*`);
      await signIn(page, browser.server.adminKey);
      await page.waitForURL(`**${PREFIX}/commands/keys-revoke?q=key`);
      await page.getByRole('heading', { name: 'keys revoke' }).waitFor();
      await page.getByRole('tab', { name: 'curl' }).click();
      expect(await page.locator('main').textContent()).toContain(`${browser.server.url}${PREFIX}/api/v1/keys/`);
      await page.getByRole('link', { name: 'Seed', exact: true }).first().click();
      await page.waitForURL(`**${PREFIX}/tasks`);
      await page.getByRole('heading', { name: 'Tasks', exact: true }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Tasks', exact: true }).waitFor();
      const [cookie] = await page.context().cookies();
      expect(cookie).toMatchObject({ name: 'seed_session', path: PREFIX });
      await page.getByRole('button', { name: /^Account/ }).click();
      await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click();
      await page.waitForURL(`**${PREFIX}/sign-in`);
      expect(await page.context().cookies()).toEqual([]);
    });

    it('leads there whoever opens it past the proxy', async () => {
      const page = await browser.newPage();
      await page.goto('/tasks?status=failed');
      await page.waitForURL(`${browser.server.url}${PREFIX}/sign-in?*`);
      await signIn(page, browser.server.adminKey);
      await page.waitForURL(`${browser.server.url}${PREFIX}/tasks?status=failed`);
    });
  },
  () => startTestServer({ webFolder: WEB_FOLDER, basePath: PREFIX }),
);
