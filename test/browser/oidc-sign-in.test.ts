// Signing in at a real OpenID provider, in a real browser: there and back, a call, out again, and each way in which
// it comes to nothing.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { WEB_FOLDER } from '../../src/server/dashboard/web-files.ts';
import { describeInBrowser, expectAccessible, type TestBrowser } from '../fixtures/browser.ts';
import { DASHBOARD_CLIENT, type OidcProvider, startOidcProvider } from '../fixtures/oidc-provider.ts';
import { oidcSettingsOf } from '../fixtures/oidc-settings.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

type Server = TestServer & { provider: OidcProvider; leadsTo: string[]; admin: string };

async function startWithProvider(): Promise<Server> {
  const provider = await startOidcProvider();
  for (const name of ['ada', 'bob', 'carol'])
    provider.people.set(name, { account: 'Acme', roles: ['reader'], email: `${name}@example.com` });
  provider.people.set('mallory', { account: 'Elsewhere', roles: ['reader'] });
  const client = { id: DASHBOARD_CLIENT, secret: null };
  const server = await startTestServer({ webFolder: WEB_FOLDER, oidc: oidcSettingsOf(provider, { client }) });
  const made = await server.call('POST', '/api/v1/accounts', { body: { name: 'Acme' } });
  const stop = async () => {
    await server.stop();
    await provider.stop();
  };
  return { ...server, stop, provider, leadsTo: [provider.issuer], admin: made.body.secret };
}

type Browser = TestBrowser<Server>;

const host = ({ server }: Browser) => new URL(server.provider.issuer).host;

/** On the page for signing in. */
const button = (browser: Browser, page: Page) => page.getByRole('link', { name: `Sign in with ${host(browser)}` });

/** On the provider's page. */
async function answer(page: Page, login: string): Promise<void> {
  await page.getByLabel('Login').fill(login);
  await page.getByRole('button', { name: 'Continue' }).click();
}

async function signIn(browser: Browser, page: Page, login: string): Promise<void> {
  await button(browser, page).click();
  await answer(page, login);
}

/** What the page says that it is not. */
async function expectProblem(page: Page, title: string): Promise<void> {
  const alert = page.getByRole('alert');
  await alert.getByText(title).waitFor();
  expect(await alert.textContent()).toMatch(/request [\w-]{36}/);
}

describeInBrowser(
  'signing in at the provider',
  (browser) => {
    it('leads there and back, calls as the identity, and out again, also of the provider', async () => {
      const page = await browser.newPage();
      const addresses: string[] = [];
      page.on('framenavigated', (frame) => addresses.push(frame.url()));
      await page.goto('/commands/keys-list?q=keys');
      await page.waitForURL('**/sign-in?*');
      await signIn(browser, page, 'ada');
      await page.waitForURL(`${browser.server.url}/commands/keys-list?q=keys`);
      await page.getByRole('heading', { name: 'keys list' }).waitFor();
      // Addresses that were shown, and so stay in the history, have neither a token nor the code.
      expect(addresses.filter((url) => /eyJ|[?&#](code|access_token|id_token)=/.test(url))).toEqual([]);
      expect(
        await page.evaluate('[document.cookie, localStorage.length, JSON.stringify({ ...sessionStorage })]'),
      ).toEqual(['', 0, expect.not.stringContaining('eyJ')]);
      const cookies = (await page.context().cookies(browser.server.url)).filter(({ name }) => /^seed/.test(name));
      expect(cookies).toMatchObject([{ name: 'seed_session', httpOnly: true, sameSite: 'Strict' }]);

      await page.goto('/keys');
      const own = page.getByRole('row').filter({ hasText: 'ada@example.com' });
      await own.getByText('yours').waitFor();
      await own.getByText(`login at ${host(browser)}`).waitFor();
      await page.getByRole('link', { name: 'ada@example.com' }).click();
      await page.getByText(browser.server.provider.issuer, { exact: true }).waitFor();
      await page.getByText('Last scopes').waitFor();
      await page.getByRole('button', { name: /^Account/ }).click();
      await page.getByRole('menu').getByText('keys:read').waitFor();
      await expectAccessible(page);
      await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click();
      await page.getByText(`may still be signed in at ${host(browser)}`).waitFor();
      await expectAccessible(page);
      await page.getByRole('link', { name: 'Sign out there, too' }).click();
      await page.getByRole('button', { name: 'Sign out there' }).click();
      await page.waitForURL(`${browser.server.url}/sign-in`);
      // Of the provider as well: it asks who one is.
      await button(browser, page).click();
      await page.getByLabel('Login').waitFor();
    });

    it('leads a phone there and back', async () => {
      const page = await browser.newPage({ phone: true, theme: 'dark' });
      await page.goto('/');
      await button(browser, page).waitFor();
      await expectAccessible(page);
      await signIn(browser, page, 'bob');
      await page.waitForURL('**/keys');
    });

    it('leaves the key: it signs in beside the button', async () => {
      const page = await browser.signedIn({ path: '/keys' });
      await page.getByRole('heading', { name: 'Keys', exact: true }).waitFor();
    });

    it('says no when the person does, and can be begun again', async () => {
      const page = await browser.newPage();
      await page.goto('/sign-in?to=/keys');
      await button(browser, page).click();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await expectProblem(page, `You did not sign in at ${host(browser)}`);
      await expectAccessible(page);
      await signIn(browser, page, 'ada');
      await page.waitForURL('**/keys');
    });

    it('says so when the browser has lost its cookie meanwhile', async () => {
      const page = await browser.newPage();
      await page.goto('/sign-in');
      await button(browser, page).click();
      await page.getByLabel('Login').waitFor();
      await page.context().clearCookies({ name: 'seed_sign_in' });
      await answer(page, 'ada');
      await expectProblem(page, 'This sign-in is over');
    });

    it('says so when the answer comes a second time, and whoever is signed in stays so', async () => {
      const page = await browser.newPage();
      const answers: string[] = [];
      page.on('request', (request) => {
        if (request.url().includes('/session/oidc/callback')) answers.push(request.url());
      });
      await page.goto('/sign-in?to=/keys');
      await signIn(browser, page, 'ada');
      await page.waitForURL('**/keys');
      await page.goto(answers[0] ?? '');
      await expectProblem(page, 'This sign-in is over');
      await page.goto('/keys');
      await page.getByRole('heading', { name: 'Keys', exact: true }).waitFor();
    });

    it('says so when the provider is away, on the way there and back', async () => {
      const page = await browser.newPage();
      await page.goto('/sign-in');
      await button(browser, page).click();
      await page.getByLabel('Login').waitFor();
      browser.server.provider.answerInstead = (path) =>
        path === '/token' ? new Response('', { status: 503 }) : null;
      await answer(page, 'ada');
      await expectProblem(page, `${host(browser)} does not answer`);
      await page.getByText('A key works meanwhile').waitFor();
      browser.server.provider.answerInstead = null;
    });

    it('says whom it does not know, and lets somebody else sign in', async () => {
      const page = await browser.newPage();
      await page.goto('/sign-in?to=/keys');
      await signIn(browser, page, 'mallory');
      await expectProblem(page, 'Your login belongs to no account here');
      await expectAccessible(page);
      await page.getByRole('link', { name: 'Sign in as somebody else' }).click();
      await answer(page, 'ada');
      await page.waitForURL('**/keys');
    });

    it('ends while one is looking when the identity is switched off, and does not begin again', async () => {
      const page = await browser.newPage();
      await page.goto('/sign-in?to=/keys');
      await signIn(browser, page, 'carol');
      await page.waitForURL('**/keys');
      const { items } = (await browser.server.call('GET', '/api/v1/keys', { key: browser.server.admin })).body;
      const { id } = items.find(({ name }: { name: string }) => name === 'carol@example.com');
      const off = { key: browser.server.admin, body: { enabled: false } };
      await browser.server.call('PATCH', `/api/v1/keys/${id}`, off);
      await page.reload();
      await page.getByText('The key or login you were signed in with was switched off').waitFor();
      await button(browser, page).click();
      await expectProblem(page, 'Your login was switched off here');
      await expectAccessible(page);
    });
  },
  startWithProvider,
);
