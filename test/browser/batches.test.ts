// The pages of batches: made from a file, watched, paused, resumed, stopped, retried, its results downloaded; in
// both themes and on a phone.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { WEB_FOLDER } from '../../src/server/dashboard/web-files.ts';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';
import { startTestServer } from '../fixtures/server.ts';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const csv = (content: string) => ({ name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from(content) });

describeInBrowser(
  'the pages of batches',
  (browser) => {
    it('make one, pause it, resume it, stop it, and give its results', async () => {
      const page = await browser.signedIn({ path: '/batches' });
      await page.getByText('No batch yet').waitFor();
      await expectAccessible(page);
      await page.keyboard.press('n');
      const form = page.getByRole('dialog', { name: 'New batch' });
      await form.getByLabel('Instruction').fill('Greet {{customer}}');
      await form.getByLabel('File').setInputFiles(csv('name\nAda\n'));
      await button(page, 'Start the batch').click();
      await form.getByText('it has no "customer"').waitFor();
      await expectAccessible(page);
      await form.getByLabel('File').setInputFiles(csv('customer\nAda\nBob\nCy <b>bold</b>\n'));
      await form.getByLabel('At a time').fill('1');
      await button(page, 'Start the batch').click();
      await form.waitFor({ state: 'hidden' });

      await page.locator('[data-row]').first().click();
      await page.getByRole('heading', { name: 'rows.csv' }).waitFor();
      await page.getByRole('cell', { name: 'Queued' }).waitFor();
      await page.getByText('Cy <b>bold</b>').waitFor();
      await expectAccessible(page);
      await button(page, 'Pause').click();
      await page.getByText('paused with the key').waitFor();
      await button(page, 'Resume').click();
      const runner = browser.server.runner();
      await runner.settle(await runner.lease(), {
        outcome: 'failed',
        error: { code: 'agent_failed', message: 'could not greet' },
      });
      await page.getByText('could not greet').waitFor();
      await button(page, 'Retry the failed').click();
      await page.getByText('attempt 2').waitFor();
      const downloading = page.waitForEvent('download');
      await page.getByRole('link', { name: 'Results' }).click();
      expect((await downloading).suggestedFilename()).toMatch(/^batch-.*\.csv$/);
      await button(page, 'Stop').click();
      await button(page, 'Stop the batch').click();
      await page.getByText('3 of 3').waitFor();
      await page.getByLabel('State').selectOption({ label: 'Failed' });
      await page.getByText('No row is so.').waitFor();
    });

    it('a phone shows name, state and how far it is', async () => {
      const body = { name: 'Nightly', instruction: 'x {{n}}', rows: [{ n: 1 }, { n: 2 }] };
      await browser.server.call('POST', '/api/v1/tasks/batch', { body });
      const page = await browser.signedIn({ path: '/batches' });
      await page.setViewportSize({ width: 390, height: 800 });
      await page.getByRole('link', { name: 'Nightly' }).waitFor();
      await page.getByText('0 of 2').filter({ visible: true }).first().waitFor();
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
