// The page for a new task: what is shown is what is sent, and what is sent is the task that comes of it.
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { WEB_FOLDER } from '../../src/server/dashboard/web-files.ts';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';
import { startTestServer, withExamples } from '../fixtures/server.ts';

const start = (page: Page) => page.getByRole('button', { name: 'Start the task' });
const instruction = (page: Page) => page.getByLabel('Instruction');
const addressHas = (page: Page, name: string) =>
  expect.poll(() => new URL(page.url()).searchParams.get(name), { timeout: 10_000 });

describeInBrowser(
  'the page for a new task',
  (browser) => {
    /** Presses the button; gives the task that the page leads to. */
    const started = async (page: Page) => {
      await start(page).click();
      await page.waitForURL(/\/tasks\/[0-9a-f-]{36}$/);
      const id = new URL(page.url()).pathname.split('/').at(-1);
      return (await browser.server.call('GET', `/api/v1/tasks/${id}`)).body.task;
    };

    it('sends exactly what it shows as curl, and leads to the task', async () => {
      const page = await browser.signedIn({ path: '/commands' });
      await page.keyboard.press('c');
      await page.waitForURL('**/tasks/new');
      const text = `List what's "unused" & say\nhow many; $HOME`;
      await instruction(page).fill(text);
      await page.getByRole('checkbox', { name: 'keys:read' }).check();
      await page.getByRole('checkbox', { name: 'All scopes of obs' }).check();
      await page.getByText('The agent may use these 12 commands').waitFor();
      await page.getByLabel('Timeout in seconds').fill('90');
      await page.getByLabel('Model', { exact: true }).selectOption('scripted');
      await page.getByLabel('US dollars').fill('0.5');
      await page.getByLabel('Model calls').fill('20');
      await page.getByText('More: what the sandbox has').click();
      await page.getByLabel('Memory in MiB').fill('512');
      await page.getByRole('button', { name: 'Copy the curl call' }).click();
      const curl = await page.evaluate<string>('navigator.clipboard.readText()');
      expect(curl).not.toContain(browser.server.adminKey);
      const sent = page.waitForRequest('**/api/v1/tasks/run');
      const task = await started(page);
      expect(JSON.parse(wordAfter('-d', curl))).toEqual((await sent).postDataJSON());
      expect(task).toMatchObject({
        instruction: text,
        scopes: { requested: ['keys:read', 'obs:read'], effective: ['keys:read', 'obs:read'], denied: [] },
        timeout: 90_000,
        model: 'scripted',
        budget: { usd: 0.5, calls: 20, tokens: null },
        resources: expect.objectContaining({ memoryMb: 512 }),
      });
      // The call that was copied makes the same task, in a shell of somebody who has the key.
      const { stdout } = await promisify(execFile)('sh', ['-c', curl.replace('curl ', 'curl --silent ')], {
        env: { ...process.env, SEED_API_KEY: browser.server.adminKey },
      });
      const same = (one: Record<string, unknown>) => {
        const { instruction, scopes, timeout, model, budget, resources, keyId } = one;
        return { instruction, scopes, timeout, model, budget, resources, keyId };
      };
      expect(same(JSON.parse(stdout).task)).toEqual(same(task));
    });

    it('sends files, as curl would', async () => {
      const page = await browser.signedIn({ path: '/tasks/new?instruction=Add%20up' });
      await page.locator('input[type=file]').setInputFiles([
        { name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('n\n1\n') },
        { name: 'b; c.txt', mimeType: 'text/plain', buffer: Buffer.from('two') },
      ]);
      await page.getByRole('button', { name: 'Copy the curl call' }).click();
      const curl = await page.evaluate<string>('navigator.clipboard.readText()');
      expect(wordAfter('--form-string', curl)).toBe('task={"instruction":"Add up","scopes":[]}');
      expect(wordAfter('-F', curl)).toBe('file=@a.csv');
      await page.getByRole('button', { name: 'Remove b; c.txt' }).click();
      const task = await started(page);
      expect(task.files).toMatchObject([{ name: 'a.csv', size: 4, type: 'text/csv' }]);
    });

    it('keeps all in the address, which can be linked and survives a reload', async () => {
      const page = await browser.signedIn({
        path: '/tasks/new?instruction=Look+around&scopes=keys:*,nothing:read&timeout=60000&model=scripted',
      });
      expect(await instruction(page).inputValue()).toBe('Look around');
      expect(await page.getByRole('checkbox', { name: 'keys:write' }).isChecked()).toBe(true);
      expect(await page.getByLabel('Timeout in seconds').inputValue()).toBe('60');
      await page.getByText('This key lacks nothing:read').waitFor();
      await page.getByRole('checkbox', { name: 'keys:write' }).uncheck();
      await addressHas(page, 'scopes').toBe('keys:read');
      await instruction(page).fill('42');
      // As the router writes what would otherwise be read as a number.
      await addressHas(page, 'instruction').toBe('"42"');
      await page.reload();
      expect(await instruction(page).inputValue()).toBe('42');

      // Longer than any server takes as an address.
      const long = 'Look at each of them. '.repeat(1_400);
      await instruction(page).fill(long);
      await addressHas(page, 'instruction').toBe(null);
      await page.reload();
      expect(await instruction(page).inputValue()).toBe(long);
      await instruction(page).fill('short');
      await addressHas(page, 'instruction').toBe('short');
    });

    it('has a form of the parameters of a template, and sends what stands in it', async () => {
      const properties = {
        customer: { type: 'string', title: 'Customer' },
        days: { type: 'integer', minimum: 1, default: 30 },
        kinds: { type: 'array', items: { type: 'string', enum: ['invoice', 'loan'] } },
        urgent: { type: 'boolean' },
      };
      const body = {
        ...{ name: 'overdue', title: 'Overdue', scopes: ['keys:read'] },
        instruction: 'Remind {{customer}} after {{days}} days of {{kinds}}, urgent: {{urgent}}',
        parameters: { type: 'object', properties, required: ['customer'] },
      };
      expect(await browser.server.call('POST', '/api/v1/templates', { body })).toMatchObject({ status: 201 });
      const page = await browser.signedIn({ path: '/tasks/new' });
      await page.getByRole('button', { name: 'Overdue' }).click();
      await page.getByText('Remind {{customer}} after').waitFor();
      await expectAccessible(page);
      await start(page).click();
      await page.getByText('This is needed.').waitFor();
      await page.getByLabel('Customer').fill('ACME');
      await page.getByLabel('kinds').fill('invoice, loan');
      await page.getByLabel('urgent').selectOption('true');
      const written = JSON.stringify({ customer: 'ACME', kinds: 'invoice, loan', urgent: 'true' });
      await addressHas(page, 'parameters').toBe(JSON.stringify(written));
      await page.reload();
      const task = await started(page);
      expect(task).toMatchObject({
        instruction: 'Remind ACME after 30 days of invoice, loan, urgent: true',
        template: { name: 'overdue', version: 1 },
        scopes: { requested: ['keys:read'] },
      });
      await browser.server.call('DELETE', '/api/v1/templates/overdue');
    });

    it('starts from a template, with the scopes that it needs', async () => {
      const page = await browser.signedIn({ path: '/tasks/new' });
      await page.getByRole('button', { name: 'Renewal email' }).click();
      expect(await instruction(page).inputValue()).toContain('acme-corp');
      const task = await started(page);
      expect(task.scopes).toEqual({
        requested: ['contacts:read', 'subscriptions:read', 'emails:write'],
        effective: ['contacts:read', 'emails:write', 'subscriptions:read'],
        denied: [],
      });
      await page.goBack();
      expect(await instruction(page).inputValue()).toContain('acme-corp');
    });

    it('says what is wrong, before and after it is sent', async () => {
      const page = await browser.signedIn({ path: '/tasks/new' });
      await start(page).click();
      await page.getByText('Say what is to be done').waitFor();
      await expect.poll(() => page.evaluate('document.activeElement?.tagName')).toBe('TEXTAREA');
      await instruction(page).fill('ü'.repeat(16_385));
      await page.getByText('It has 32,770 bytes').waitFor();
      await instruction(page).fill('Look around');
      await page.getByLabel('Timeout in seconds').fill('601');
      await page.getByText('It is 1 to 600 seconds').waitFor();
      await expectAccessible(page);
      await start(page).click();
      await expect.poll(() => page.evaluate('document.activeElement?.value')).toBe('601');
      await page.getByLabel('Timeout in seconds').fill('60');
      await page.getByText('More: what the sandbox has').click();
      await page.getByLabel('Memory in MiB').fill('8192');
      await start(page).click();
      await page.getByText('resources.memoryMb is at most 4096').waitFor();
      expect(new URL(page.url()).pathname).toBe('/tasks/new');
    });

    it('offers a key with few scopes little', async () => {
      const few = await browser.server.newKey(['tasks:write', 'keys:read', 'obs:read']);
      const page = await browser.signedIn({ key: few.secret, path: '/tasks/new' });
      await page.getByRole('button', { name: 'Key audit' }).waitFor();
      const offered = page.getByRole('region', { name: 'Start from a template' }).getByRole('button');
      expect(await offered.allInnerTexts()).toEqual(['Key audit', 'Monthly usage report']);
      const scopes = page.getByRole('region', { name: 'What the agent may do' }).locator('.font-mono');
      expect(await scopes.allInnerTexts()).toEqual(['keys:read', 'obs:read', 'tasks:write']);

      const none = await browser.server.newKey(['tasks:read', 'keys:read']);
      const other = await browser.signedIn({ key: none.secret, path: '/commands' });
      await other.locator('[data-row]').first().waitFor();
      expect(await other.getByRole('navigation').getByRole('link').allInnerTexts()).not.toContain('New task');
      await other.goto('/tasks/new');
      await other.getByText('This key may start no tasks').waitFor();
    });

    it('names the models that the key may use', async () => {
      const held = await browser.server.newKey(['tasks:write'], { allowedModels: ['scripted'] });
      const page = await browser.signedIn({ key: held.secret, path: '/tasks/new' });
      const choice = page.getByRole('combobox', { name: 'Model' });
      await expect
        .poll(() => choice.locator('option').allInnerTexts())
        .toEqual(['Default (scripted)', 'scripted']);
    });

    it('is sent with Ctrl+Enter, once', async () => {
      const page = await browser.signedIn({ path: '/tasks/new' });
      await instruction(page).fill('Look around once');
      await instruction(page).press('Control+Enter');
      await page.waitForURL(/\/tasks\/[0-9a-f-]{36}$/);
      const { body } = await browser.server.call('GET', '/api/v1/tasks?limit=100');
      const made = body.items.filter((task: { instruction: string }) => task.instruction === 'Look around once');
      expect(made).toHaveLength(1);
    });

    it.each([
      { theme: 'light', phone: false },
      { theme: 'dark', phone: true },
    ] as const)('is accessible, $theme, on a phone: $phone', async (options) => {
      const page = await browser.signedIn({ ...options, path: '/tasks/new?scopes=keys:*' });
      await page.getByRole('button', { name: 'Key audit' }).waitFor();
      await page.getByText('More: what the sandbox has').click();
      for (const tab of ['curl', 'CLI', 'MCP']) {
        await page.getByRole('tab', { name: tab }).click();
        await expectAccessible(page);
      }
      const overflow = await page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
      expect(overflow, 'wider than the screen').toBe(false);
    });
  },
  () => startTestServer({ webFolder: WEB_FOLDER, packs: withExamples('crm', 'commerce') }),
);

/** What a shell makes of the word after the option. */
function wordAfter(option: string, line: string): string {
  const words = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`])
    .toString()
    .split('\0');
  return words[words.indexOf(option) + 1] ?? '';
}
