// The page of approvals on a real server: what waits is counted and shown as it comes, decided with the keyboard,
// and never by accident; others who decide first; the page of a task that waits.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Approval } from '../../src/protocol/approval.ts';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';

describeInBrowser('the page of approvals', (browser) => {
  const rows = (page: Page) => page.locator('[data-row]');
  const count = (page: Page) => page.getByRole('navigation', { name: 'Pages' }).getByRole('status');
  /** A key whose writes are asked about. */
  const asker = async (name: string, more: object = {}) =>
    browser.server.newKey(['keys:*', 'tasks:*'], {
      name,
      approval: { effects: ['write', 'destructive'] },
      ...more,
    });
  const ask = async (key: string, path: string, body: object = {}): Promise<Approval> => {
    const answer = await browser.server.call('POST', `/api/v1${path}`, { key, body });
    expect(answer.status).toBe(202);
    return answer.body.approval;
  };
  const approvalOf = async (id: string): Promise<Approval> =>
    (await browser.server.call('GET', `/api/v1/approvals/${id}`)).body.approval;
  const statusOf = async (keyId: string) =>
    (await browser.server.call('GET', `/api/v1/keys/${keyId}`)).body.key.status;
  const open = (page: Page, id: string) => page.goto(`/approvals/${id}`);

  it('shows and counts what waits as it comes, and the keyboard approves it, but not at once', async () => {
    const { secret } = await asker('buyer');
    const victim = await browser.server.newKey(['keys:read'], { name: 'victim' });
    const page = await browser.signedIn({ path: '/approvals' });
    await page.getByText('Nothing waits for you').waitFor();
    expect(await count(page).textContent()).toBe('');
    const { id } = await ask(secret, `/keys/${victim.id}/revoke`);
    await rows(page).first().waitFor();
    await expect.poll(() => count(page).textContent()).toBe('1 waiting');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/approvals/${id}*`);
    const shown = page.getByRole('region', { name: 'Approval', exact: true });
    await shown.getByText('keys revoke').first().waitFor();
    await shown.getByRole('region', { name: 'The exact input' }).getByText(victim.id).waitFor();
    await shown.getByRole('link', { name: 'buyer' }).waitFor();
    await expectAccessible(page);

    await page.keyboard.press('a');
    const dialog = page.getByRole('dialog', { name: 'Approve this?' });
    await dialog.waitFor();
    // Whatever a hasty hand presses: nothing happens.
    for (const key of ['Enter', 'a', 'Control+Enter']) await page.keyboard.press(key);
    expect((await approvalOf(id)).state).toBe('pending');
    if (!(await dialog.isVisible())) await page.keyboard.press('a');
    await expectAccessible(page);
    await dialog.getByLabel('Message').fill('agreed');
    await expect.poll(() => dialog.getByRole('button', { name: 'Approve' }).isEnabled()).toBe(true);
    await page.keyboard.press('Control+Enter');
    await page.getByText('It is approved', { exact: true }).waitFor();
    await shown.getByText('Approved by admin in the dashboard.').waitFor();
    await shown.getByRole('region', { name: 'What the command answered' }).getByText('"revoked"').waitFor();
    expect(await statusOf(victim.id)).toBe('revoked');
    expect(await approvalOf(id)).toMatchObject({
      state: 'approved',
      message: 'agreed',
      decidedBy: { via: 'session' },
    });
    await expect.poll(() => count(page).textContent()).toBe('');
    await page.getByText('Nothing waits for you').waitFor();
  });

  it('denies with a message, and the call is not done', async () => {
    const { secret } = await asker('denied buyer');
    const victim = await browser.server.newKey(['keys:read'], { name: 'spared' });
    const { id } = await ask(secret, `/keys/${victim.id}/revoke`);
    const page = await browser.signedIn({ path: '/keys' });
    await expect.poll(() => count(page).textContent()).toBe('1 waiting');
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.waitForURL('**/approvals');
    await rows(page).first().waitFor();
    // The page before may still be there for a moment, or this one not listen to keys yet.
    const focusRow = async () => {
      await page.keyboard.press('j');
      return page.locator('[data-approval]:focus').count();
    };
    await expect.poll(focusRow).toBe(1);
    await page.keyboard.press('d');
    const dialog = page.getByRole('dialog', { name: 'Deny this?' });
    await dialog.getByLabel('Message').fill('not before the audit');
    await dialog.getByRole('button', { name: 'Deny' }).click();
    await page.getByText('It is denied', { exact: true }).waitFor();
    await page.getByLabel('State').selectOption('denied');
    await rows(page).filter({ hasText: 'Denied' }).first().click();
    await page.getByText('Denied by admin in the dashboard.').waitFor();
    await page.getByText('not before the audit').waitFor();
    expect(await statusOf(victim.id)).toBe('active');
    const seen = await browser.server.call('GET', `/api/v1/approvals/${id}`, { key: secret });
    expect(seen.body.approval).toMatchObject({ state: 'denied', message: 'not before the audit' });
  });

  it('says plainly that somebody else decided first, whether one waits or presses', async () => {
    const { secret } = await asker('raced buyer');
    const second = await browser.server.newKey(['approvals:write'], { name: 'second' });
    for (const isPressed of [false, true]) {
      const victim = await browser.server.newKey(['keys:read'], { name: `raced ${isPressed}` });
      const { id } = await ask(secret, `/keys/${victim.id}/revoke`);
      const page = await browser.signedIn();
      await open(page, id);
      await page.getByRole('button', { name: 'Approve' }).click();
      const button = page.getByRole('dialog').getByRole('button', { name: 'Approve' });
      await expect.poll(() => button.isEnabled()).toBe(true);
      // What the dialog knows stays as it is until it is pressed.
      if (isPressed) await page.route('**/api/v1/approvals/*', (route) => route.abort());
      const denied = await browser.server.call('POST', `/api/v1/approvals/${id}/deny`, {
        key: second.secret,
        body: { message: 'too late' },
      });
      expect(denied.status).toBe(200);
      if (isPressed) {
        await button.click();
        await page.getByText('approval_decided').waitFor();
        await page.unrouteAll();
      }
      const told = page.getByRole('dialog', { name: 'Somebody else decided first' });
      await told.getByText('Denied by second with the API. You approved nothing.').waitFor();
      await told.getByText('too late').waitFor();
      await expectAccessible(page);
      await told.getByRole('button', { name: 'Close' }).last().click();
      await page.getByText('Denied by second with the API.').waitFor();
      expect(await statusOf(victim.id)).toBe('active');
    }
  });

  it('shows all of an input, with signs for what hides, and wants its end to be seen', async () => {
    const { secret } = await asker('long buyer');
    const hidden = 'x\u202etxt.exe';
    const metadata = Object.fromEntries(
      Array.from({ length: 15 }, (_, at) => [`label-${at}`, `${at} `.repeat(60)]),
    );
    const { id } = await ask(secret, '/keys', { name: hidden, scopes: ['keys:read'], metadata });
    const page = await browser.signedIn();
    await open(page, id);
    await page.getByText('\\u{202E}').first().waitFor();
    expect(await page.getByRole('region', { name: 'The exact input' }).textContent()).not.toContain('\u202e');
    await page.keyboard.press('a');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('"label-14"').waitFor();
    const button = dialog.getByRole('button', { name: 'Approve' });
    // Longer than any button needs until it can be pressed: nothing tells when it would have been.
    await page.waitForTimeout(1_000);
    expect(await button.isDisabled()).toBe(true);
    await button.scrollIntoViewIfNeeded();
    await expect.poll(() => button.isEnabled()).toBe(true);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect((await approvalOf(id)).state).toBe('pending');
  });

  it('offers nothing to decide to the key that asks', async () => {
    const own = await browser.server.newKey(['keys:*', 'approvals:write'], {
      name: 'own',
      approval: { effects: ['destructive'] },
    });
    const victim = await browser.server.newKey(['keys:read'], { name: 'own victim' });
    const { id } = await ask(own.secret, `/keys/${victim.id}/revoke`);
    const page = await browser.signedIn({ key: own.secret });
    await open(page, id);
    await page.getByText('Your key may not decide about this one').waitFor();
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    await page.keyboard.press('a');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('is offered on the page of the task that waits', async () => {
    const victim = await browser.server.newKey(['keys:read'], { name: 'task victim' });
    const body = {
      instruction: 'clean up the keys',
      scopes: ['keys:write'],
      approval: { effects: ['destructive'] },
    };
    const run = await browser.server.call('POST', '/api/v1/tasks/run', { body });
    const lease = await browser.server.runner().lease();
    expect(lease.taskId).toBe(run.body.task.id);
    const page = await browser.signedIn();
    await page.goto(`/tasks/${lease.taskId}`);
    await page.getByRole('heading', { name: 'clean up the keys' }).waitFor();
    const { id } = await ask(lease.taskKey, `/keys/${victim.id}/revoke`);
    const waits = page.getByRole('region', { name: 'Waits for approval' });
    await waits.getByText('left').waitFor();
    await expectAccessible(page);
    await waits.getByRole('button', { name: 'Deny' }).click();
    const dialog = page.getByRole('dialog', { name: 'Deny this?' });
    await dialog.getByLabel('Message').fill('keep it');
    await dialog.getByRole('button', { name: 'Deny' }).click();
    await page.getByText('It is denied', { exact: true }).waitFor();
    await waits.waitFor({ state: 'detached' });
    expect(await approvalOf(id)).toMatchObject({ state: 'denied', message: 'keep it', task: lease.taskId });
  });

  it.each([
    { theme: 'light', phone: false },
    { theme: 'dark', phone: true },
  ] as const)('is accessible, $theme, on a phone: $phone', async (options) => {
    const { secret } = await asker('a buyer');
    const { id } = await ask(secret, '/keys', { name: 'asked', scopes: ['keys:read'] });
    const page = await browser.signedIn({ ...options, path: '/approvals' });
    await rows(page).first().waitFor();
    await expectAccessible(page);
    await open(page, id);
    await page.getByText('What would be done').waitFor();
    await expectAccessible(page);
    expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);
  });
});
