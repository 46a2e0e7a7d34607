// A task of ten thousand events: the page holds only what is on the screen, scrolls, and follows the end.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { AgentEvent } from '../../src/protocol/event.ts';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';
import type { TestServer } from '../fixtures/server.ts';

const EVENTS = 10_000;
const BATCH = 500;
const NODES_MOST = 2_500;
const SCROLLS_WITHIN_MS = 5_000;

const scrollTo = (page: Page, place: 'top' | 'middle') =>
  page.evaluate(
    `{ const box = document.querySelector('section[aria-label=Conversation]');
       box.scrollTop = ${place === 'top' ? '0' : 'box.scrollHeight / 2'}; }`,
  );

/** A task with so many texts from a runner. */
async function longTask(server: TestServer) {
  const { body } = await server.call('POST', '/api/v1/tasks/run', {
    body: { instruction: 'Count to ten thousand' },
  });
  const runner = server.runner();
  const lease = await runner.lease();
  let batch = 0;
  const send = async (events: AgentEvent[]) => {
    batch += 1;
    const lines = events.map((event) => JSON.stringify(event)).join('\n');
    const headers = { 'seed-lease': lease.leaseId, 'seed-batch': String(batch) };
    expect((await runner.post(`/tasks/${lease.taskId}/events`, lines, headers)).status).toBe(204);
  };
  for (let from = 0; from < EVENTS; from += BATCH) {
    await send(
      Array.from({ length: BATCH }, (_, place) => ({
        type: 'text',
        text: `This is number ${from + place}.`,
      })),
    );
  }
  return {
    id: body.task.id as string,
    send,
    settle: () => runner.settle(lease, { stdout: 'Ten thousand.' }),
  };
}

describeInBrowser('a task of ten thousand events', (browser) => {
  it('stays small and smooth, follows its end, and stays where one reads', async () => {
    const task = await longTask(browser.server);
    const page = await browser.signedIn({ path: `/tasks/${task.id}` });
    await page.getByText(`This is number ${EVENTS - 1}.`).waitFor();
    const nodes = () => page.evaluate<number>("document.querySelectorAll('*').length");
    expect(await nodes()).toBeLessThan(NODES_MOST);

    // At the end it follows.
    await task.send([{ type: 'text', text: 'And one more.' }]);
    await page.getByText('And one more.').waitFor();
    const jump = page.getByRole('button', { name: 'Jump to live' });
    expect(await jump.count()).toBe(0);

    const startedAt = performance.now();
    await scrollTo(page, 'top');
    await page.getByText('This is number 0.', { exact: true }).waitFor();
    await scrollTo(page, 'middle');
    await page
      .getByText(/^This is number (4[5-9]|5[0-5])\d\d\.$/)
      .first()
      .waitFor();
    expect(performance.now() - startedAt).toBeLessThan(SCROLLS_WITHIN_MS);
    expect(await nodes()).toBeLessThan(NODES_MOST);

    // In the middle it stays.
    const here = await page
      .getByText(/^This is number \d+\.$/)
      .first()
      .textContent();
    await task.send([{ type: 'text', text: 'Far below.' }]);
    await task.settle();
    await page.locator('strong').getByText('Completed').waitFor();
    expect(
      await page
        .getByText(/^This is number \d+\.$/)
        .first()
        .textContent(),
    ).toBe(here);
    await page.getByRole('button', { name: 'Jump to the end' }).click();
    await page.getByRole('region', { name: 'Answer' }).getByText('Ten thousand.').waitFor();
    await expectAccessible(page);
  });
});
