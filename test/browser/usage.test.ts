// The page of usage: its figures are those of `seed obs`, in tiles, charts, tables and in the CSV.
import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CostReport, RequestReport, Summary } from '../../src/protocol/obs.ts';
import { count, money } from '../../web/src/format/readable.ts';
import { describeInBrowser, expectAccessible } from '../fixtures/browser.ts';
import { type Cli, repositoryCli } from '../fixtures/cli-process.ts';
import { insertMeteredRows } from '../fixtures/metered-rows.ts';
import { csvObjects } from '../fixtures/parse-csv.ts';

const DAY_MS = 86_400_000;
/** Of calls, of model calls and of sandboxes. */
const ROWS = 300;
const today = () => new Date(new Date().setUTCHours(0, 0, 0, 0));
const day = (date: Date) => date.toISOString().slice(0, 10);

describeInBrowser('the page of usage', (browser) => {
  let cli: Cli;
  // A span that has ended: nothing that the page itself calls is in it.
  const span = {
    from: new Date(today().getTime() - 10 * DAY_MS),
    to: new Date(today().getTime() - 2 * DAY_MS),
  };
  const last = day(new Date(span.to.getTime() - DAY_MS));
  const address = `/usage?span=own&from=${day(span.from)}&to=${last}`;

  beforeAll(async () => {
    const { url, adminKey, databaseUrl } = browser.server;
    cli = await repositoryCli({ SEED_API_URL: url, SEED_API_KEY: adminKey });
    const keys = [
      await browser.server.newKey(['keys:read'], { name: 'billing, "the" key' }),
      await browser.server.newKey(['keys:read'], { name: '=SUM(A1:A9)' }),
    ];
    const database = new Client({ connectionString: databaseUrl });
    await database.connect();
    const { rows } = await database.query('select account_id from keys where id = $1', [keys[0]?.id]);
    const own = { accountId: rows[0].account_id, keyIds: keys.map(({ id }) => id) };
    await insertMeteredRows(database, { ...own, ...span, rows: ROWS, seed: 7 });
    await database.end();
  });
  afterAll(() => cli?.remove());

  const seedObs = async <Answer>(...args: string[]): Promise<Answer> => {
    const range = ['--since', day(span.from), '--until', day(span.to)];
    const { code, stdout, stderr } = await cli.run(['obs', ...args, ...range, '--json']);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const saved = async (page: Page, name: string) => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name }).click();
    return csvObjects(await readFile(await (await download).path(), 'utf8'));
  };
  const sum = (rows: readonly Record<string, string>[], name: string) =>
    rows.reduce((total, row) => total + Number(row[name]), 0);

  it('shows the figures of seed obs, and the command for them', async () => {
    const summary = await seedObs<Summary>('summary');
    const page = await browser.signedIn({ path: address });
    const tile = (name: string) => page.locator('dl > div').filter({ has: page.locator('dt', { hasText: name }) });
    await expect.poll(() => tile('Requests').textContent()).toContain(count(summary.requests.total));
    // A row stands for one call or several.
    expect(summary.requests.total).toBeGreaterThanOrEqual(ROWS);
    expect(await tile('Requests').textContent()).toContain(
      `${summary.requests.refused} refused, ${summary.requests.failed} failed`,
    );
    expect(await tile('Tasks').textContent()).toContain(
      `${summary.tasks.completed} completed, ${summary.tasks.failed + summary.tasks.timed_out} failed`,
    );
    expect(await tile('Model calls').textContent()).toContain(`${ROWS}${summary.modelCalls.failed} failed`);
    expect(await tile('Tokens').locator('dd').first().getAttribute('title')).toBe(
      count(summary.tokens.input + summary.tokens.output),
    );
    expect(await tile('Cost').textContent()).toContain(money(summary.cost.total));
    expect(await tile('Cost').locator('dd').first().getAttribute('title')).toBe(`$${summary.cost.total}`);
    const command = `seed obs summary --since ${day(span.from)} --until ${day(span.to)}`;
    await page.getByText(command, { exact: true }).waitFor();
  });

  it('saves CSV whose rows are those of seed obs and whose sums are its totals', async () => {
    const costs = await seedObs<CostReport>('costs', '--by', 'key');
    const requests = await seedObs<RequestReport>('requests', '--by', 'key');
    const page = await browser.signedIn({ path: address });
    const byKey = await saved(page, 'Usage by key as CSV');
    expect(byKey.map(({ group, total, llm }) => [group, Number(total), Number(llm)])).toEqual(
      costs.items.map(({ group, total, llm }) => [group, total, llm]),
    );
    expect(byKey.map(({ name }) => name).sort()).toEqual(["'=SUM(A1:A9)", 'billing, "the" key']);
    expect(sum(byKey, 'requests')).toBe(requests.totals.requests);
    const byDay = await saved(page, 'Usage by day as CSV');
    expect(byDay.map(({ group }) => group)).toEqual(
      Array.from({ length: 8 }, (_, place) => day(new Date(span.from.getTime() + place * DAY_MS))),
    );
    expect(sum(byDay, 'requests')).toBe(requests.totals.requests);
    expect(sum(byDay, 'inputTokens')).toBe(costs.totals.inputTokens);
    expect(sum(byDay, 'total')).toBeCloseTo(costs.totals.total, 9);

    await page.getByLabel('The table is').selectOption('model');
    await page.waitForURL(/by=model/);
    await page.getByRole('columnheader', { name: 'Model', exact: true }).waitFor();
    const byModel = await saved(page, 'Usage by model as CSV');
    const models = await seedObs<CostReport>('costs', '--by', 'model');
    expect(byModel.map(({ group, total }) => [group, Number(total)])).toEqual(
      models.items.map(({ group, total }) => [group, total]),
    );
    await page.getByLabel('The table is').selectOption('command');
    await page.getByRole('columnheader', { name: 'Command', exact: true }).waitFor();
    const byCommand = await saved(page, 'Usage by command as CSV');
    const commands = await seedObs<RequestReport>('requests', '--by', 'command');
    expect(byCommand.map(({ group, requests, p95Ms }) => [group, Number(requests), Number(p95Ms)])).toEqual(
      commands.items.map(({ group, requests, p95Ms }) => [group, requests, p95Ms]),
    );
    const errors = await saved(page, 'Errors by code as CSV');
    expect(sum(errors, 'errors')).toBe((await seedObs<{ totals: { errors: number } }>('errors')).totals.errors);
  });

  it('draws the days, tells the same in tables, and keeps to one key', async () => {
    const page = await browser.signedIn({ path: address });
    await page.locator('canvas').nth(2).waitFor();
    const costs = await seedObs<CostReport>('costs', '--by', 'day');
    const panel = page.getByRole('figure', { name: 'Cost by day' });
    await panel.getByText('Figures by day').click();
    const [latest] = await panel.locator('tbody tr').all();
    const newest = costs.items.at(-1);
    expect(await latest?.locator('td').allTextContents()).toEqual([
      newest?.group,
      money(newest?.llm ?? 0),
      money(newest?.compute ?? 0),
    ]);
    // The bar that is pointed at is told in words.
    const box = await panel.locator('canvas').boundingBox();
    await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) - 32, (box?.y ?? 0) + (box?.height ?? 0) / 2);
    await expect.poll(() => panel.locator('figcaption').textContent()).toContain(money(newest?.llm ?? 0));

    const [key] = (await seedObs<CostReport>('costs', '--by', 'key')).items;
    await page.getByRole('button', { name: key?.name ?? '', exact: true }).click();
    await page.waitForURL(new RegExp(`key=${key?.group}`));
    const own = await seedObs<Summary>('summary', '--key-id', key?.group ?? '');
    const cost = page.locator('dl > div').filter({ has: page.locator('dt', { hasText: 'Cost' }) });
    await expect.poll(() => cost.locator('dd').first().getAttribute('title')).toBe(`$${own.cost.total}`);
    await page.getByRole('button', { name: 'Show all keys' }).click();
    await expect.poll(() => page.url()).not.toContain('key=');
  });

  it('has its spans in the address, and says when there is nothing', async () => {
    const page = await browser.signedIn({ path: '/usage' });
    await page.getByText('seed obs summary', { exact: true }).waitFor();
    // Of the same moments, although the page itself goes on calling.
    const tile = page.locator('dl > div').filter({ has: page.locator('dt', { hasText: 'Requests' }) });
    const requests = await tile.locator('dd').first().textContent();
    const panel = page.getByRole('figure', { name: 'Requests by day' });
    await panel.getByText(requests ?? '', { exact: true }).waitFor();
    const time = page.getByLabel('Time', { exact: true });
    await time.selectOption('7d');
    await page.getByText('seed obs summary --since 7d').waitFor();
    await time.selectOption('month');
    await page.getByText(`seed obs summary --month ${day(new Date()).slice(0, 7)}`).waitFor();
    await page.goto('/usage?span=own&from=2025-01-01&to=2025-01-02');
    await page.getByText('Nothing in this time').waitFor();
    await page.getByText('Nothing failed in this time').waitFor();
    await expectAccessible(page);
    await page.goto('/usage?span=own&from=2025-02-01&to=2025-01-02');
    await page.getByText('Since is not before until.').first().waitFor();
  });

  it.each([
    { theme: 'light', phone: false },
    { theme: 'dark', phone: true },
  ] as const)('is accessible and no wider than the screen, $theme, on a phone: $phone', async (options) => {
    const page = await browser.signedIn({ ...options, path: address });
    await page.locator('canvas').nth(2).waitFor();
    await page.getByText('Figures by day').first().click();
    await expectAccessible(page);
    expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);
  });
});
