// A conversation of several tasks as one thread: gone on with from the box below it, steered while it runs, and told
// what is in the way. The runner is played.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { WEB_FOLDER } from '../../src/server/dashboard/web-files.ts';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';
import { rowsOf } from '../fixtures/database.ts';
import { startTestServer } from '../fixtures/server.ts';

const thread = (page: Page) => page.getByRole('region', { name: 'Conversation' });
const goOnBox = (page: Page) => page.getByLabel('Go on from here');
const SLOW = { timeout: 45_000 };

describeInBrowser(
  'a conversation',
  (browser) => {
    const runner = () => browser.server.runner({ continues: true, slots: 10, freeSlots: 10 });
    const say = ({ taskId, leaseId }: Lease, batch: number, text: string) =>
      runner().post(`/tasks/${taskId}/events`, `${JSON.stringify({ type: 'text', text })}\n`, {
        'seed-lease': leaseId,
        'seed-batch': String(batch),
      });
    async function ended(instruction: string, answer: string): Promise<Lease> {
      await browser.server.call('POST', '/api/v1/tasks/run', { body: { instruction } });
      const lease = await runner().lease();
      await say(lease, 1, answer);
      await runner().settle(lease, { stdout: answer });
      return lease;
    }
    const goOn = (id: string) =>
      browser.server.call('POST', `/api/v1/tasks/${id}/continue`, { body: { instruction: 'from elsewhere' } });

    it('is one thread, which the box below it goes on with, or tells more while it runs', async () => {
      const first = await ended('Which keys are old?', 'The key ci is old.');
      const page = await browser.signedIn({ path: `/tasks/${first.taskId}` });
      await goOnBox(page).fill('Revoke it');
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => !url.pathname.endsWith(first.taskId), SLOW);
      const second = await runner().lease();
      expect(page.url()).toContain(second.taskId);
      for (const text of ['Which keys are old?', 'The key ci is old.', 'Revoke it'])
        await thread(page).getByText(text, { exact: true }).waitFor(SLOW);
      await page.getByLabel('Tell it more').fill('But keep its children');
      await page.getByRole('button', { name: 'Send' }).click();
      await thread(page).getByText('But keep its children', { exact: true }).waitFor(SLOW);
      expect(await page.getByLabel('Tell it more').inputValue()).toBe('');
      await expectAccessible(page);
      const told = await fetch(`${browser.server.url}/runner/v1/tasks/${second.taskId}/messages?after=0`, {
        headers: { authorization: `Bearer ${browser.server.runnerToken}`, 'seed-lease': second.leaseId },
      });
      expect(await told.json()).toEqual({ messages: ['But keep its children'] });
      await say(second, 1, 'It is revoked.');
      await runner().settle(second, { stdout: 'It is revoked.' });
      await goOnBox(page).waitFor(SLOW);
      await thread(page).getByText('It is revoked.', { exact: true }).waitFor(SLOW);
      await expectAccessible(page);
      // The first one leads there, and has no box.
      await page.goto(`/tasks/${first.taskId}`);
      await page.getByRole('link', { name: 'The conversation goes on' }).click();
      await page.waitForURL(`**/tasks/${second.taskId}`);
    });

    it('says who was first, and what is not kept any more, and keeps what was written', async () => {
      const first = await ended('begin', 'begun');
      const page = await browser.signedIn({ path: `/tasks/${first.taskId}` });
      await goOnBox(page).fill('my own words');
      const { body } = await goOn(first.taskId);
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByText('goes on from', { exact: false }).first().waitFor(SLOW);
      expect(await goOnBox(page).inputValue()).toBe('my own words');
      await expectAccessible(page);
      const second = await runner().lease();
      expect(second.taskId).toBe(body.task.id);
      await runner().settle(second);
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByText(`the task ${second.taskId} has gone on`, { exact: false }).first().waitFor(SLOW);

      await page.goto(`/tasks/${second.taskId}`);
      await goOnBox(page).fill('and then?');
      await rowsOf(browser.server.databaseUrl, `delete from events where task_id = '${second.taskId}'`);
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByText('is not kept any more', { exact: false }).first().waitFor(SLOW);
      await page.goto('/tasks/00000000-0000-4000-8000-000000000000');
      await page.getByText('no task', { exact: false }).first().waitFor(SLOW);
    });
  },
  () => startTestServer({ webFolder: WEB_FOLDER }),
);
