// The pages of keys: listed and filtered, created, edited, rotated, switched off, revoked; and what comes of it
// over REST.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';

describeInBrowser('the pages of keys', (browser) => {
  const rows = (page: Page) => page.locator('[data-row]');
  const whoami = async (key: string) => {
    const { status, body } = await browser.server.call('GET', '/api/v1/whoami', { key });
    return status === 200 ? body.key.name : body.error.code;
  };
  const keyOf = async (id: string) => (await browser.server.call('GET', `/api/v1/keys/${id}`)).body.key;
  /** What the page shows this once. */
  const shownSecret = async (page: Page) =>
    (await page.locator('pre').filter({ hasText: 'sk_live_' }).textContent())?.trim() ?? '';

  it('creates a key whose secret works, and is refused once it is revoked here', async () => {
    const page = await browser.signedIn({ path: '/keys' });
    await page.getByRole('link', { name: 'Create a key' }).click();
    await page.getByRole('button', { name: 'Create the key' }).click();
    await page.getByText('Say what the key is for').waitFor();
    await page.getByText('Choose at least one scope').waitFor();
    await page.getByLabel('Name').fill('courier');
    await page.getByRole('checkbox', { name: 'keys:read' }).check();
    await page.getByRole('checkbox', { name: 'All scopes of obs' }).check();
    await page.getByLabel('Expiry').selectOption('7d');
    await page.getByLabel('Requests a minute').fill('0');
    await page.getByText('It is 1 to 100,000').waitFor();
    await page.getByLabel('Requests a minute').fill('600');
    await page.getByLabel('Addresses it may be used from').fill('127.0.0.0/8, ::1');
    await page.getByRole('button', { name: 'Create the key' }).click();
    await page.getByText('you will not see it again').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Copy the secret' }).click();
    const secret = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(await whoami(secret)).toBe('courier');
    const { body } = await browser.server.call('GET', '/api/v1/whoami', { key: secret });
    expect(body.key).toMatchObject({
      scopes: ['keys:read', 'obs:read'],
      requestsPerMinute: 600,
      allowedCidrs: ['127.0.0.0/8', '::1'],
      spendPerDay: null,
    });
    expect(Date.parse(body.key.expiresAt) - Date.now()).toBeLessThan(7 * 86_400_000);

    await page.getByRole('link', { name: 'Show the key' }).click();
    await page.getByRole('heading', { name: 'courier' }).waitFor();
    expect(await page.content()).not.toContain(secret);
    await page.getByRole('button', { name: 'Revoke' }).click();
    const dialog = page.getByRole('dialog');
    const revoke = dialog.getByRole('button', { name: 'Revoke the key' });
    expect(await revoke.isDisabled()).toBe(true);
    await dialog.getByLabel('Type courier to go on').fill('courie');
    expect(await revoke.isDisabled()).toBe(true);
    await dialog.getByLabel('Type courier to go on').fill('courier');
    await expectAccessible(page);
    await revoke.click();
    await page.getByText('revoked', { exact: true }).waitFor();
    expect(await whoami(secret)).toBe('key_revoked');
    expect(await page.getByRole('button', { name: 'Rotate' }).count()).toBe(0);
  });

  it('rotates a key: both secrets work, and without grace only the new one', async () => {
    const { id, secret } = await browser.server.newKey(['keys:read'], { name: 'turning' });
    const page = await browser.signedIn({ path: `/keys/${id}` });
    const rotate = async (grace: string) => {
      await page.getByRole('button', { name: 'Rotate', exact: true }).click();
      await page.getByLabel('How long the present secret').selectOption(grace);
      await page.getByRole('button', { name: 'Rotate the key' }).click();
      await page.getByText('you will not see it again').waitFor();
      const fresh = await shownSecret(page);
      await page.getByRole('button', { name: 'I have copied it' }).click();
      return fresh;
    };
    const second = await rotate('1h');
    expect(second).not.toBe(secret);
    expect([await whoami(secret), await whoami(second)]).toEqual(['turning', 'turning']);
    await page.getByText('works until').waitFor();
    const third = await rotate('0m');
    expect([await whoami(secret), await whoami(second), await whoami(third)]).toEqual([
      'key_rotated',
      'key_rotated',
      'turning',
    ]);
  });

  it('changes name, limits and labels, lifts limits, switches off and on', async () => {
    const more = { name: 'plain', requestsPerMinute: 60, metadata: { team: 'ops' } };
    const { id, secret } = await browser.server.newKey(['keys:read'], more);
    const page = await browser.signedIn({ path: `/keys/${id}` });
    await page.getByRole('button', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('billing');
    await dialog.getByLabel('Requests a minute').fill('');
    await dialog.getByLabel('US dollars a day').fill('2.5');
    await dialog.getByLabel('Labels').fill('team=ops\nnonsense');
    await dialog.getByText('is not name=value').waitFor();
    await dialog.getByLabel('Labels').fill('team=ops\nstage=live');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'billing' }).waitFor();
    expect(await keyOf(id)).toMatchObject({
      name: 'billing',
      requestsPerMinute: null,
      spendPerDay: 2.5,
      metadata: { team: 'ops', stage: 'live' },
    });
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('button', { name: 'Enable' }).waitFor();
    expect(await whoami(secret)).toBe('key_disabled');
    await page.getByRole('button', { name: 'Enable' }).click();
    await page.getByRole('button', { name: 'Disable' }).waitFor();
    expect(await whoami(secret)).toBe('billing');
    // What the server refuses is said where it was asked for.
    await page.getByRole('button', { name: 'Edit' }).click();
    await dialog.getByLabel('Addresses it may be used from').fill('nowhere');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('invalid_input').waitFor();
  });

  it('asks again before the account loses its last key that may do everything', async () => {
    const { body } = await browser.server.call('POST', '/api/v1/accounts', { body: { name: 'lockable' } });
    const page = await browser.signedIn({ key: body.secret, path: `/keys/${body.key.id}` });
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Disable' }).click();
    await dialog.getByText('This is the last key').waitFor();
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await whoami(body.secret)).toBe('admin');
    await page.getByRole('button', { name: 'Revoke' }).click();
    await dialog.getByLabel('Type admin to go on').fill('admin');
    await dialog.getByRole('button', { name: 'Revoke the key' }).click();
    await dialog.getByText('confirmation_needed').waitFor();
    expect(await whoami(body.secret)).toBe('admin');
    await dialog.getByRole('button', { name: 'Revoke it all the same' }).click();
    await page.getByLabel('API key').waitFor();
    expect(await whoami(body.secret)).toBe('key_revoked');
  });

  it('tells limits in words, sets them as JSON with what the server refuses beside it, and checks a call', async () => {
    const limit = { command: 'keys revoke', calls: 2, per: 'day', else: 'ask' };
    const { id } = await browser.server.newKey(['keys:*'], { name: 'limited', limits: [limit] });
    const page = await browser.signedIn({ path: `/keys/${id}` });
    const limits = page.getByRole('list', { name: 'Limits' });
    await limits.getByText('at most 2 calls a day (UTC)').waitFor();
    await limits.getByText('else a person is asked').waitFor();
    await page.getByRole('button', { name: 'Change' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Limits' }).fill('[{]');
    await dialog.getByText('It is no JSON').waitFor();
    await dialog
      .getByLabel('Limits', { exact: true })
      .fill('[{"command": "keys revoke", "sum": {"/nothing": 5}}]');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('invalid_input').waitFor();
    await expectAccessible(page);
    await dialog.getByRole('textbox', { name: 'Limits' }).fill('[{"command": "keys revoke", "calls": 0}]');
    await dialog.getByLabel('What a person is asked first').fill('{"effects": ["write"]}');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await limits.getByText('at most 0 calls in a task').waitFor();
    await page.getByText('A person is asked for every write command.').waitFor();
    expect(await keyOf(id)).toMatchObject({ limits: [{ calls: 0 }], approval: { effects: ['write'] } });

    await page.getByRole('button', { name: 'Check a call' }).click();
    const check = async (command: string, input: object) => {
      await dialog.getByLabel('Command').fill(command);
      await dialog.getByLabel('Input').fill(JSON.stringify(input));
      await dialog.getByRole('button', { name: 'Check', exact: true }).click();
    };
    await check('keys revoke', { id });
    await dialog.getByText('It would be refused').waitFor();
    await check('keys create', { name: 'x', scopes: ['keys:read'] });
    await dialog.getByText('A person would be asked first').waitFor();
    await expectAccessible(page);
    await check('keys list', {});
    await dialog.getByText('It would be done').waitFor();
    await check('keys lost', {});
    await dialog.getByText('not_found').waitFor();
  });

  it('finds keys by status, use and name, in the address, and opens them with the keyboard', async () => {
    const { id } = await browser.server.newKey(['keys:read'], { name: 'findable one' });
    await browser.server.call('POST', `/api/v1/keys/${id}/revoke`);
    const { id: other } = await browser.server.newKey(['keys:read'], { name: 'findable two' });
    const page = await browser.signedIn({ path: '/keys' });
    await rows(page).first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('findable');
    await expect.poll(() => rows(page).allInnerTexts()).toEqual(['findable two', 'findable one']);
    await page.getByLabel('Status').selectOption('revoked');
    await expect.poll(() => rows(page).allInnerTexts()).toEqual(['findable one']);
    expect(new URL(page.url()).search).toBe('?q=findable&status=revoked');
    await page.reload();
    await expect.poll(() => rows(page).allInnerTexts()).toEqual(['findable one']);
    await page.getByLabel('Use', { exact: true }).selectOption('30');
    await page.getByText('No key is like that').waitFor();
    await page.getByRole('button', { name: 'Show all keys' }).click();
    await rows(page).first().waitFor();
    await page.goto('/keys?q=findable%20two');
    await expect.poll(() => rows(page).count()).toBe(1);
    for (const key of ['j', 'Enter']) await page.keyboard.press(key);
    await page.waitForURL(`**/keys/${other}?*`);
    await page.getByRole('heading', { name: 'findable two' }).waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL('**/keys?q=findable*two');
  });

  it('asks once for the requests of all keys, and tells them', async () => {
    const busy = await browser.server.newKey(['keys:read'], { name: 'busy' });
    for (let call = 0; call < 3; call++) await browser.server.call('GET', '/api/v1/keys', { key: busy.secret });
    const page = await browser.signedIn({ path: '/commands' });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.keyboard.press('g');
    await page.keyboard.press('k');
    await page.getByRole('row', { name: /busy/ }).getByRole('img', { name: '3 requests in 30 days' }).waitFor();
    expect(asked.filter((path) => path === '/api/v1/obs/requests')).toHaveLength(1);
  });

  it('offers a key that may only read nothing that it may not do', async () => {
    const reader = await browser.server.newKey(['keys:read'], { name: 'reader' });
    const page = await browser.signedIn({ key: reader.secret, path: '/keys' });
    await rows(page).first().waitFor();
    expect(await page.getByRole('link', { name: 'Create a key' }).count()).toBe(0);
    expect(await page.getByRole('columnheader').allInnerTexts()).not.toContain('Requests, 30 days');
    expect(await page.getByRole('navigation').getByRole('link').allInnerTexts()).not.toContain('New task');
    await page.goto(`/keys/${reader.id}`);
    await page.getByRole('heading', { name: 'reader' }).waitFor();
    for (const name of ['Edit', 'Rotate', 'Disable', 'Revoke'])
      expect(await page.getByRole('button', { name, exact: true }).count()).toBe(0);
    await page.goto('/keys/new');
    await page.getByText('This key may create no keys').waitFor();
  });

  it('leads to the sign-in page when one revokes the key in use', async () => {
    const own = await browser.server.newKey(['keys:*'], { name: 'own' });
    const page = await browser.signedIn({ key: own.secret, path: `/keys/${own.id}` });
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('you are signed out at once').waitFor();
    await page.getByLabel('Type own to go on').fill('own');
    await page.getByRole('button', { name: 'Revoke the key' }).click();
    await page.waitForURL('**/sign-in?*');
    await page.getByText('The key you were signed in with was revoked').waitFor();
  });

  it.each([
    { theme: 'light', phone: false },
    { theme: 'dark', phone: true },
  ] as const)('are accessible, $theme, on a phone: $phone', async (options) => {
    const { id } = await browser.server.newKey(['keys:read'], { name: 'a key', allowedCidrs: ['127.0.0.1'] });
    const page = await browser.signedIn({ ...options, path: '/keys' });
    for (const [path, shows] of [
      ['/keys', rows(page).first()],
      [`/keys/${id}`, page.getByRole('heading', { name: 'a key' })],
      ['/keys/new', page.getByRole('heading', { name: 'Create a key' })],
    ] as const) {
      await page.goto(path);
      await shows.waitFor();
      await expectAccessible(page);
      const overflow = await page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
      expect(overflow, `${path} is wider than the screen`).toBe(false);
    }
  });
});
