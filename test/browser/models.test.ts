// The page of models: what is known of each and who says so, and a test of one with what came of it.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { WEB_FOLDER } from '../../src/server/dashboard/web-files.ts';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { answer, chunk, DONE, type LlmUpstream, startLlmUpstream, stream } from '../fixtures/llm-upstream.ts';
import { startTestServer } from '../fixtures/server.ts';

let upstream: LlmUpstream;
const call = {
  index: 0,
  id: 'c',
  type: 'function',
  function: { name: 'bash', arguments: '{"command":"date -u"}' },
};
const calling = { choices: [{ index: 0, delta: { tool_calls: [call] }, finish_reason: 'tool_calls' }] };
const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });

describeInBrowser(
  'the page of models',
  (browser) => {
    it('shows what is known of each, who says so, and that a model was not tested', async () => {
      const page = await browser.signedIn({ path: '/models' });
      const small = row(page, 'small-1.5b');
      await small.getByText('bash only').waitFor();
      expect(await small.textContent()).toMatch(
        /4,096by the upstreambash onlyby its sizenativeas usualnot knownnone/,
      );
      await row(page, 'scripted').getByText('no language model').waitFor();
      await expectAccessible(page);
    });

    it('tests one: what works is said, and stays in the list', async () => {
      upstream.behave(stream(`data: ${JSON.stringify(calling)}\n\n${DONE}`));
      const page = await browser.signedIn({ path: '/models', theme: 'dark' });
      await page.getByRole('button', { name: 'Test big' }).click();
      const dialog = page.getByRole('dialog', { name: 'Test of big' });
      await dialog.getByText('It works').waitFor();
      await dialog.getByText('tool calls: native').waitFor();
      await expectAccessible(page);
      await dialog.getByRole('button', { name: 'Close' }).click();
      await row(page, 'big').getByText('Works', { exact: true }).waitFor();
      await row(page, 'big').getByText('by a test').waitFor();
    });

    it('tests another by its name, and says why it gives no answer', async () => {
      upstream.behave(answer(400, '{"error":{"message":"there is no such model"}}'));
      const page = await browser.signedIn({ path: '/models' });
      await page.getByLabel('Name').fill('some/other:free');
      await page.getByRole('button', { name: 'Test this model' }).click();
      const dialog = page.getByRole('dialog', { name: 'Test of some/other:free' });
      await dialog.getByText('It gave no answer').waitFor();
      await dialog.getByText('there is no such model').first().waitFor();
    });

    it('says that a model answered without a call', async () => {
      upstream.behave(stream(chunk('I cannot do that.', 'stop') + DONE));
      const page = await browser.signedIn({ path: '/models' });
      await page.getByRole('button', { name: 'Test small-1.5b' }).click();
      await page.getByRole('dialog').getByText('It answers, and called no tool').waitFor();
    });

    it('is offered to who may start tasks only, and is no wider than a phone', async () => {
      const { secret } = await browser.server.newKey(['keys:read']);
      const other = await browser.signedIn({ key: secret });
      await other.getByRole('link', { name: 'Keys' }).waitFor();
      expect(await other.getByRole('link', { name: 'Models' }).count()).toBe(0);
      const page = await browser.signedIn({ path: '/models', phone: true });
      await page.getByRole('button', { name: 'Test big' }).waitFor();
      await expectAccessible(page);
      expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);
    });
  },
  async () => {
    upstream = await startLlmUpstream();
    upstream.tell({
      '/v1/models': {
        data: [
          { id: 'big', max_model_len: 131_072 },
          { id: 'small-1.5b', max_model_len: 4096 },
        ],
      },
    });
    const llm = llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['big', 'small-1.5b', 'scripted'] });
    const server = await startTestServer({ llm, webFolder: WEB_FOLDER });
    return {
      ...server,
      stop: async () => {
        await server.stop();
        await upstream.close();
      },
    };
  },
);
