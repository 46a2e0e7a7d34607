// One task in a real sandbox: watched to its end, stopped, with hostile output, over a line that breaks.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, expectAccessible, type TestBrowser } from '../fixtures/browser.ts';
import { type CuttableLine, startLine } from '../fixtures/cuttable-line.ts';
import { bash, startSeed, type TestSeed } from '../fixtures/seed.ts';

interface SeedBehindLine extends TestSeed {
  line: CuttableLine;
}

/** The browser reaches it over the line, the test itself without. */
async function startSeedBehindLine(): Promise<SeedBehindLine> {
  const seed = await startSeed();
  const line = await startLine(seed.url);
  const stop = async () => {
    await line.close();
    await seed.remove();
  };
  return { ...seed, url: line.url, line, stop };
}

type SeedBrowser = TestBrowser<SeedBehindLine>;

const conversation = (page: Page) => page.getByRole('region', { name: 'Conversation' });
const status = (page: Page, text: string) => page.locator('strong').getByText(text, { exact: true });
const open = async ({ server, signedIn }: SeedBrowser, instruction: string, more: object = {}) => {
  const { id } = await server.postTask({ instruction, timeout: 120_000, ...more });
  return { id, page: await signedIn({ path: `/tasks/${id}` }) };
};

describeInBrowser<SeedBehindLine>(
  'the page of a task',
  (browser) => {
    it('shows a task live from its start to its end, with all that is known of it', async () => {
      const instruction = bash('echo before; seed keys list >/dev/null; sleep 3; echo after');
      const { id, page } = await open(browser, instruction, {
        scopes: ['keys:read', 'tasks:read'],
        budget: { calls: 20 },
        metadata: { team: 'garden' },
      });
      await conversation(page).getByText('before', { exact: true }).waitFor();
      expect((await browser.server.getTask(id)).status, 'it is shown while it runs').toBe('running');
      await page.getByRole('timer').getByText(/left$/).waitFor();
      await conversation(page).getByText('keys list', { exact: true }).waitFor();
      await status(page, 'Completed').waitFor();
      await page.getByRole('region', { name: 'Answer' }).waitFor();
      const timeline = await page.getByRole('list', { name: 'Timeline' }).textContent();
      expect(timeline).toMatch(/Queued\d.*Starting\d.*Working\d.*Finishing\d/);
      await expectAccessible(page);

      await page.getByRole('link', { name: 'Ledger' }).click();
      const row = page.getByRole('row').nth(1);
      expect(await row.textContent()).toMatch(/keys list.*keys:read.*read.*200/s);
      await expectAccessible(page);
      await page.getByRole('link', { name: 'Usage' }).click();
      await page.getByText('Memory at its peak').waitFor();
      await page.getByText(/^\d+ of 20$/).waitFor();
      await expectAccessible(page);
      await page.getByRole('link', { name: 'Details' }).click();
      await page.getByText('garden').waitFor();
      await page.getByText('keys:read').first().waitFor();
      await expectAccessible(page);
      const again = new URL(
        (await page.getByRole('link', { name: 'Run again' }).getAttribute('href')) ?? '',
        page.url(),
      );
      expect(again.pathname).toBe('/tasks/new');
      expect(Object.fromEntries(again.searchParams)).toMatchObject({
        instruction,
        scopes: 'keys:read,tasks:read',
        timeout: '120000',
      });
    });

    it('stops a task when that is confirmed, and keeps what it had said', async () => {
      const { id, page } = await open(browser, bash('echo working; sleep 100'));
      await conversation(page).getByText('working', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      const dialog = page.getByRole('dialog', { name: 'Stop this task?' });
      await expectAccessible(page);
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await dialog.waitFor({ state: 'hidden' });
      expect((await browser.server.getTask(id)).status).toBe('running');
      await page.getByRole('button', { name: 'Stop' }).click();
      await dialog.getByRole('button', { name: 'Stop the task' }).click();
      await status(page, 'Stopped').waitFor();
      expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
      await conversation(page).getByText('working', { exact: true }).waitFor();
      expect((await browser.server.getTask(id)).status).toBe('stopped');
    });

    it('keeps colours, and makes everything else in an output harmless and visible', async () => {
      const { page } = await open(
        browser,
        bash(
          [
            String.raw`printf '\033[31mred \033[1;38;5;46mgreen\033[0m plain\n'`,
            String.raw`printf '\033]0;a title\007\033[2J\033[H\b\a access\342\200\256txt.exe 50%%\r100%%\n'`,
            `echo '<script>window.ran = true</script><img src=x onerror="window.ran = true">'`,
            `printf '<b>%s</b>\\n' '<svg onload="alert(1)">'`,
          ].join('\n'),
        ),
      );
      let dialogs = 0;
      page.on('dialog', (dialog) => {
        dialogs += 1;
        void dialog.dismiss();
      });
      await status(page, 'Completed').waitFor();
      await page.keyboard.press('l');
      const output = page.getByRole('region', { name: 'Output of bash' });
      await output.getByText('red', { exact: false }).last().waitFor();
      const coloured = await output
        .locator('span[style]')
        .evaluateAll((spans) =>
          spans.map((span) => [
            span.textContent,
            (span as unknown as { computedStyleMap(): Map<string, object> })
              .computedStyleMap()
              .get('color')
              ?.toString(),
          ]),
        );
      expect(coloured).toContainEqual(['red ', 'rgb(255, 123, 114)']);
      expect(coloured).toContainEqual(['green', 'rgb(0, 255, 0)']);
      const shown = (await output.textContent()) ?? '';
      expect(shown).toContain('accessU+202Etxt.exe 50%␍\n100%');
      expect(shown).toContain('␇');
      expect(shown).toContain('<script>window.ran = true</script>');
      expect(await page.locator('main script, main img, main b, main svg[onload]').count()).toBe(0);
      expect(await page.evaluate('window.ran')).toBeUndefined();
      expect(dialogs).toBe(0);
    });

    it('cuts a line of a megabyte and shows more of it on demand', async () => {
      const { page } = await open(browser, bash("head -c 1000000 /dev/zero | tr '\\0' x; echo the-end"));
      await status(page, 'Completed').waitFor();
      const output = page.getByRole('region', { name: 'Output of bash' });
      await page.keyboard.press('l');
      await output.getByText('the-end').waitFor();
      const shown = async () => ((await output.textContent()) ?? '').length;
      const before = await shown();
      expect(before).toBeLessThan(10_000);
      await output.getByRole('button', { name: /^Show earlier output \([\d,]+ characters\)/ }).click();
      await expect.poll(shown).toBeGreaterThan(before + 100_000);
      expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);
      await expectAccessible(page);
    });

    it('says that the line is lost, comes back by itself and has missed nothing', async () => {
      const { id, page } = await open(
        browser,
        bash('for i in $(seq 1 60); do echo "line number $i"; sleep 0.1; done'),
      );
      await conversation(page)
        .getByText(/line number 3\b/)
        .waitFor();
      const { line } = browser.server;
      line.cut();
      await page.getByText('Connection lost, reconnecting…').waitFor();
      // Meanwhile it goes on.
      await browser.server.waitForEvent(
        id,
        (event) => event.type === 'tool_output' && event.chunk.includes('line number 30'),
      );
      line.mend();
      await page.getByText('Connection lost, reconnecting…').waitFor({ state: 'hidden' });
      line.cut();
      await page.getByText('Connection lost, reconnecting…').waitFor();
      line.mend();
      await status(page, 'Completed').waitFor();
      await page.getByRole('region', { name: 'Answer' }).waitFor();
      const events = await browser.server.events(id);
      const printed = events.flatMap((event) => (event.type === 'tool_output' ? [event.chunk] : [])).join('');
      expect(printed.match(/line number \d+/g)).toHaveLength(60);
      const shown = await page
        .getByRole('region', { name: 'Output of bash' })
        .locator('bdi')
        .last()
        .textContent();
      expect(shown).toBe(printed);
    });

    it('shows artifacts and CSV as a table, nothing of them runs, and each has an address', async () => {
      const { id, page } = await open(
        browser,
        bash(
          [
            'cd /workspace/out',
            `printf 'day,tasks\\nMonday,3\\n"Tues""day",<b>4</b>\\n' > report.csv`,
            `echo '{"a":[1,2]}' > data.json`,
            `echo '<script>window.ran = true</script>' > page.html`,
            `echo '<svg xmlns="http://www.w3.org/2000/svg" onload="window.ran = true"/>' > picture.svg`,
            'base64 -d > dot.png <<< iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
          ].join('\n'),
        ),
      );
      await status(page, 'Completed').waitFor();
      await page.getByRole('link', { name: /^Artifacts/ }).click();
      const artifact = page.getByRole('article', { name: 'Artifact' });
      const choose = (name: string) => page.locator('[data-row]').getByText(name).click();
      await choose('report.csv');
      await artifact.getByRole('columnheader', { name: 'tasks' }).waitFor();
      expect(await artifact.getByRole('cell').allTextContents()).toEqual([
        'Monday',
        '3',
        'Tues"day',
        '<b>4</b>',
      ]);
      await expectAccessible(page);
      const download = page.waitForEvent('download');
      await artifact.getByRole('link', { name: 'Download' }).click();
      expect((await download).suggestedFilename()).toBe('report.csv');
      await choose('data.json');
      await artifact.getByText('"a": [').waitFor();
      await choose('dot.png');
      await expect
        .poll(() =>
          artifact
            .getByRole('img')
            .evaluateAll((images) =>
              images.map((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
            ),
        )
        .toEqual([1]);
      for (const name of ['page.html', 'picture.svg']) {
        await choose(name);
        await artifact.getByText('window.ran = true').waitFor();
      }
      expect(await page.evaluate('window.ran')).toBeUndefined();
      const { sha256 = '' } =
        (await browser.server.getTask(id)).artifacts.find(({ name }) => name === 'data.json') ?? {};
      await page.goto(`/tasks/${id}/artifacts?name=data.json`);
      await artifact.getByText(`SHA-256 ${sha256.slice(0, 16)}`).waitFor();
    });

    it.each([
      { theme: 'light', phone: true },
      { theme: 'dark', phone: false },
      { theme: 'dark', phone: true },
    ] as const)('is accessible, $theme, on a phone: $phone', async (options) => {
      const { id } = await browser.server.runTask({ instruction: bash('seed keys list', 'exit 3') });
      const page = await browser.signedIn({ ...options, path: `/tasks/${id}` });
      await page.getByRole('region', { name: 'Answer' }).waitFor();
      await expectAccessible(page);
      expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);
    });

    it('says when there is no such task', async () => {
      const page = await browser.signedIn({ path: '/tasks/00000000-0000-4000-8000-000000000000' });
      await page.getByText('There is no such task').waitFor();
      await page.goto('/tasks/nonsense');
      await page.getByText('There is no such task').waitFor();
      await page.getByRole('link', { name: 'All tasks' }).click();
      await page.waitForURL('**/tasks');
    });
  },
  startSeedBehindLine,
);
