// The page of commands: what the key may do, searched, chosen by hand and by keyboard, copied.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';

const rows = (page: Page) => page.locator('[data-row]');

describeInBrowser('the page of commands', (browser) => {
  it('lists exactly what the key may do', async () => {
    const { secret } = await browser.server.newKey(['keys:read', 'tasks:read']);
    const { body } = await browser.server.call('GET', '/api/v1/commands', { key: secret });
    const page = await browser.signedIn({ key: secret, path: '/commands' });
    await rows(page).first().waitFor();
    const shown = await rows(page).locator('.font-mono').allInnerTexts();
    const allowed = (body.commands as { name: string }[]).map(({ name }) => name);
    expect(shown.sort()).toEqual(allowed.sort());
    expect(shown).not.toContain('keys revoke');

    await page.goto('/commands/keys-revoke');
    await page.getByText('This key has no such command').waitFor();
  });

  it('finds by every word, keeps the search in the address, and says when nothing matches', async () => {
    const page = await browser.signedIn({ path: '/commands' });
    await rows(page).first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('revoke destructive');
    await page.waitForURL('**/commands?q=revoke*destructive');
    expect(await rows(page).locator('.font-mono').allInnerTexts()).toEqual(['keys revoke']);
    await page.reload();
    await expect.poll(() => rows(page).count()).toBe(1);
    await page.getByRole('searchbox').fill('no such thing');
    await page.getByText('No command matches').waitFor();
    await page.getByRole('button', { name: 'Clear the search' }).click();
    await expect.poll(() => rows(page).count()).toBeGreaterThan(20);
  });

  it('is used with the keyboard alone: j, k, Enter, Escape, ? and two keys', async () => {
    const page = await browser.signedIn({ path: '/commands' });
    await rows(page).first().waitFor();
    for (const key of ['j', 'j', 'j', 'k', 'Enter']) await page.keyboard.press(key);
    await page.waitForURL('**/commands/accounts-delete');
    await page.getByRole('heading', { name: 'accounts delete' }).waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL('**/commands');
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await help.waitFor();
    expect(await help.textContent()).toContain('Next command');
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'hidden' });
    await page.goto('/commands/keys-list');
    await page.getByRole('heading', { name: 'keys list' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.waitForURL('**/commands');
  });

  it('gives the same call for the CLI, curl and MCP to copy', async () => {
    const page = await browser.signedIn({ path: '/commands/keys-create' });
    const copied = async (tab: string, button: string) => {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByRole('button', { name: button }).click();
      return page.evaluate<string>('navigator.clipboard.readText()');
    };
    expect(await copied('CLI', 'Copy the command line')).toContain('seed keys create --name');
    expect(await copied('curl', 'Copy the curl call')).toContain(`curl "${browser.server.url}/api/v1/keys"`);
    expect(JSON.parse(await copied('MCP', 'Copy the MCP call')).params.name).toBe('keys_create');
  });

  it.each([
    { theme: 'light', phone: false },
    { theme: 'dark', phone: false },
    { theme: 'light', phone: true },
    { theme: 'dark', phone: true },
  ] as const)('is accessible, $theme, on a phone: $phone', async (options) => {
    const page = await browser.signedIn({ ...options, path: '/commands' });
    await rows(page).first().waitFor();
    await expectAccessible(page);
    await page.goto('/commands/tasks-run');
    await page.getByRole('heading', { name: 'tasks run' }).waitFor();
    await expectAccessible(page);
    const overflow = await page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
    expect(overflow, 'wider than the screen').toBe(false);
  });
});
