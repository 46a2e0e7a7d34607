// One task in a real sandbox: watched to its end, stopped, with hostile output, over a line that breaks.
import type { Page } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
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
const view = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Views of the task' }).getByRole('link', { name }).click();
const status = (page: Page, text: string) => page.locator('strong').getByText(text, { exact: true });
const open = async ({ server, signedIn }: SeedBrowser, instruction: string, more: object = {}) => {
  const { id } = await server.postTask({ instruction, timeout: 120_000, ...more });
  return { id, page: await signedIn({ path: `/tasks/${id}` }) };
};

/** The sequence numbers of all entries, read while scrolling from the first to the last. */
async function entriesOf(page: Page): Promise<string[]> {
  const found = new Set<string>();
  const read = () =>
    page.evaluate<[string[], boolean]>(`{
      const box = document.querySelector('section[aria-label=Conversation]');
      const keys = [...box.querySelectorAll('[data-key]')].map((row) => row.dataset.key);
      const isEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 2;
      box.scrollTop += 150;
      [keys, isEnd];
    }`);
  await page.evaluate("document.querySelector('section[aria-label=Conversation]').scrollTop = 0");
  await page.locator('[data-key=instruction]').waitFor();
  for (;;) {
    const [keys, isEnd] = await read();
    for (const key of keys) found.add(key);
    if (isEnd) break;
  }
  return [...found].filter((key) => /^\d+$/.test(key)).sort((one, other) => Number(one) - Number(other));
}

/** In the sandbox: goes on when the gate is open, which is when there is a key of that name. */
const waitFor = (gate: string) =>
  `until seed keys list --q ${gate} 2>/dev/null | grep -q ${gate}; do sleep 0.5; done`;

describeInBrowser<SeedBehindLine>(
  'the page of a task',
  (browser) => {
    const openGate = (name: string) =>
      browser.server.call('POST', '/api/v1/keys', { body: { name, scopes: ['keys:read'] } });
    afterEach(() => browser.server.line.mend());

    it('shows a task live from its start to its end, with all that is known of it', async () => {
      const instruction = bash(`echo before; ${waitFor('gate-one')}; echo after`);
      const { id, page } = await open(browser, instruction, {
        scopes: ['keys:read', 'tasks:read'],
        budget: { calls: 20 },
        metadata: { team: 'garden' },
      });
      // The first task may have to wait until the snapshot is made.
      await conversation(page).getByText('before', { exact: true }).waitFor({ timeout: 45_000 });
      expect((await browser.server.getTask(id)).status, 'it is shown while it runs').toBe('running');
      await page.getByRole('timer').getByText(/left$/).waitFor();
      await conversation(page).getByText('keys list', { exact: true }).first().waitFor();
      await openGate('gate-one');
      await status(page, 'Completed').waitFor();
      await page.getByRole('region', { name: 'Answer' }).waitFor();
      const timeline = await page.getByRole('list', { name: 'Timeline' }).textContent();
      expect(timeline).toMatch(/Queued\d.*Starting\d.*Working\d.*Finishing\d/);
      await expectAccessible(page);

      await view(page, 'Ledger');
      const row = page.getByRole('row').nth(1);
      expect(await row.textContent()).toMatch(/keys list.*keys:read.*read.*200/s);
      await expectAccessible(page);
      await view(page, 'Usage');
      await page.getByText('Memory at its peak').waitFor();
      await page.getByText(/^\d+ of 20$/).waitFor();
      await expectAccessible(page);
      await view(page, 'Details');
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
      const output = page.getByRole('group', { name: 'Output of bash' });
      await output.locator('span[style]').first().waitFor();
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
      expect(shown).toContain('accessU+202Etxt.exe 50%CR\n100%');
      expect(shown).toContain('BEL');
      expect(shown).toContain('<script>window.ran = true</script>');
      expect(await page.locator('main script, main img, main b, main svg[onload]').count()).toBe(0);
      expect(await page.evaluate('window.ran')).toBeUndefined();
      expect(dialogs).toBe(0);
    });

    it('cuts a line of a megabyte and shows more of it on demand', async () => {
      const { page } = await open(browser, bash("head -c 1000000 /dev/zero | tr '\\0' x; echo the-end"));
      await status(page, 'Completed').waitFor();
      const output = page.getByRole('group', { name: 'Output of bash' });
      await page.keyboard.press('l');
      await output.getByText('the-end').last().waitFor();
      const shown = async () => ((await output.textContent()) ?? '').length;
      const before = await shown();
      expect(before).toBeLessThan(10_000);
      await output.getByRole('button', { name: /^Show earlier output \([\d,]+ characters\)/ }).click();
      await expect.poll(shown).toBeGreaterThan(before + 100_000);
      expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);
      await expectAccessible(page);
    });

    it('says that the line is lost, comes back by itself and has missed nothing', async () => {
      const print = (from: number, to: number) => `for i in $(seq ${from} ${to}); do echo "line $i."; done`;
      const script = [print(1, 10), waitFor('gate-two'), print(11, 20), waitFor('gate-three'), print(21, 30)];
      const { id, page } = await open(browser, bash(script.join('; ')));
      // High enough for the output to stay on the screen, however often the gates are asked for.
      await page.setViewportSize({ width: 1280, height: 4_000 });
      const { line } = browser.server;
      const lost = page.getByText('Connection lost, reconnecting…');
      await conversation(page).getByText('line 10.').waitFor();
      line.cut();
      await lost.waitFor();
      await openGate('gate-two');
      await browser.server.waitForEvent(
        id,
        (event) => event.type === 'tool_output' && event.chunk.includes('line 20.'),
      );
      expect(await conversation(page).getByText('line 20.').count()).toBe(0);
      line.mend();
      await lost.waitFor({ state: 'hidden' });
      await conversation(page).getByText('line 20.').waitFor();

      // And once more, so that it has ended when the line is back.
      line.cut();
      await lost.waitFor();
      await openGate('gate-three');
      const events = await browser.server.events(id);
      line.mend();
      await status(page, 'Completed').waitFor();
      await page.getByRole('region', { name: 'Answer' }).waitFor();
      const printed = events.flatMap((event) => (event.type === 'tool_output' ? [event.chunk] : [])).join('');
      expect(printed.match(/line \d+\./g)).toHaveLength(30);
      const output = page.getByRole('group', { name: 'Output of bash' }).locator('bdi').last();
      await expect.poll(() => output.textContent()).toBe(printed);
      // What a tool prints and its result stand with its call.
      const entries = events.filter(({ type }) => type !== 'tool_output' && type !== 'tool_result');
      await expect.poll(() => entriesOf(page)).toEqual(entries.map(({ seq }) => String(seq)));
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
      await view(page, 'Artifacts');
      const artifact = page.getByRole('article', { name: 'Artifact' });
      const choose = (name: string) => page.locator('[data-row]').getByText(name).click();
      await choose('report.csv');
      await artifact.getByRole('columnheader', { name: 'tasks' }).waitFor();
      expect(await artifact.getByRole('cell').allTextContents()).toEqual(['Monday', '3', 'Tues"day', '<b>4</b>']);
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
