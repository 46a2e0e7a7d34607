// The pages of schedules: made, run now, paused, resumed, deleted; in both themes and on a phone.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { WEB_FOLDER } from '../../src/server/dashboard/web-files.ts';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';
import { startTestServer } from '../fixtures/server.ts';

/** What a change changes by itself. */
const NEWER = { upcoming: expect.any(Array), updatedAt: expect.any(String) };
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

describeInBrowser(
  'the pages of schedules',
  (browser) => {
    it('make one, run it, pause it, resume it and delete it', async () => {
      const page = await browser.signedIn({ path: '/schedules' });
      await page.getByText('No schedule yet').waitFor();
      await expectAccessible(page);
      await page.keyboard.press('n');
      const form = page.getByRole('dialog', { name: 'New schedule' });
      await form.getByLabel('Name').fill('Key audit');
      await form.getByLabel('Instruction').fill('Audit our keys');
      await form.getByLabel('Scopes').fill('keys:read');
      await form.getByLabel('When', { exact: true }).fill('0 0 30 2 *');
      await form.getByLabel('Time zone').fill('Europe/Berlin');
      await button(page, 'Create the schedule').click();
      await form.getByText('names a day that never comes').waitFor();
      await expectAccessible(page);
      await form.getByLabel('When', { exact: true }).fill('0 7 * * MON');
      await button(page, 'Create the schedule').click();
      await form.waitFor({ state: 'hidden' });

      await page.locator('[data-row]').first().click();
      await page.getByRole('heading', { name: 'Key audit' }).waitFor();
      const [schedule] = (await browser.server.call('GET', '/api/v1/schedules')).body.items;
      expect(schedule).toMatchObject({
        cron: '0 7 * * MON',
        timezone: 'Europe/Berlin',
        task: { instruction: 'Audit our keys', scopes: ['keys:read'] },
      });
      expect(await page.getByRole('list', { name: 'Next times' }).getByRole('listitem').count()).toBe(5);
      await button(page, 'Edit').click();
      const edit = page.getByRole('dialog', { name: 'Edit the schedule' });
      await expectAccessible(page);
      expect(await edit.getByLabel('Instruction').inputValue()).toBe('Audit our keys');
      await edit.getByLabel('When', { exact: true }).fill('30 2 * * *');
      await edit.getByLabel('Time zone').fill('Nowhere/Land');
      await button(page, 'Save the changes').click();
      await edit.getByText('no time zone').waitFor();
      await edit.getByLabel('Time zone').fill('America/New_York');
      await button(page, 'Save the changes').click();
      await edit.waitFor({ state: 'hidden' });
      await page.getByText('America/New_York').waitFor();
      const changed = (await browser.server.call('GET', `/api/v1/schedules/${schedule.id}`)).body.schedule;
      expect(changed).toMatchObject({ ...schedule, cron: '30 2 * * *', timezone: 'America/New_York', ...NEWER });
      const shown = page.getByRole('list', { name: 'Next times' }).getByRole('listitem');
      expect(await shown.count()).toBe(changed.upcoming.length);
      await button(page, 'Run now').click();
      await page.getByRole('cell', { name: 'Started' }).waitFor();
      await expectAccessible(page);
      await button(page, 'Pause').click();
      await page.getByText('paused with the key').waitFor();
      await button(page, 'Resume').click();
      await button(page, 'Pause').waitFor();
      await page.getByRole('link', { name: 'Its task' }).click();
      await page.waitForURL('**/tasks/*');
      await page.goBack();
      await button(page, 'Delete').click();
      await button(page, 'Delete the schedule').click();
      await page.getByText('No schedule yet').waitFor();
    });

    it('a phone shows name, state and next time', async () => {
      const body = { name: 'Nightly', cron: '@daily', task: { instruction: 'x' } };
      await browser.server.call('POST', '/api/v1/schedules', { body });
      const page = await browser.signedIn({ path: '/schedules' });
      await page.setViewportSize({ width: 390, height: 800 });
      await page.getByRole('link', { name: 'Nightly' }).waitFor();
      await page.getByText('Active').filter({ visible: true }).first().waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await expectAccessible(page);
      }
      const overflows = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
      expect(overflows).toBe(false);
    });
  },
  () => startTestServer({ webFolder: WEB_FOLDER }),
);
