// The brief's shop under limits, whole: a real sandbox whose agent orders, a person who decides in the dashboard. What
// the limits allow is ordered; what is above them is asked; prices and users are not reached at all.
import { Client } from 'pg';
import { afterAll, expect, it } from 'vitest';
import { reorder } from '../../examples/packs/commerce/reorder.ts';
import type { Approval } from '../../src/protocol/approval.ts';
import type { Task } from '../../src/protocol/task.ts';
import { describeInBrowser } from '../fixtures/browser.ts';
import { type TestDatabase, testDatabase } from '../fixtures/database.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

const SCOPES = ['inventory:read', 'purchase-orders:write'];
/** Of the five most critical three are to be ordered 60 times or less, one 80 times and one 100. */
const LIMITS = [
  {
    scope: 'purchase-orders:write',
    input: { properties: { quantity: { maximum: 60 } } },
    sum: { '/quantity': 400 },
    per: 'day',
    else: 'ask',
  },
];

interface Shop extends TestSeed {
  rows<Row>(statement: string): Promise<Row[]>;
}

let database: TestDatabase | undefined;
let client: Client | undefined;

async function openShop(): Promise<Shop> {
  database = await testDatabase();
  const connected = new Client({ connectionString: database.databaseUrl });
  client = connected;
  await connected.connect();
  const seed = await startSeed({ DATABASE_URL: database.databaseUrl, SEED_PACKS: 'examples/commerce' });
  expect((await seed.call('POST', '/api/v1/packs/commerce/samples')).status).toBe(200);
  const rows = async <Row>(statement: string) => (await connected.query(statement)).rows as Row[];
  return { ...seed, rows, stop: () => seed.remove() };
}
afterAll(async () => {
  await client?.end();
  await database?.drop();
});

describeInBrowser<Shop>(
  'the shop of the brief, under limits',
  (browser) => {
    const limitedKey = async (): Promise<string> => {
      const { status, body } = await browser.server.call<{ secret: string }>('POST', '/api/v1/keys', {
        body: { name: 'stock keeper', scopes: [...SCOPES, 'tasks:*'], limits: LIMITS },
      });
      expect(status).toBe(201);
      return body.secret;
    };
    const orderedBy = async ({ id }: Task) => {
      const orders = await browser.server.rows<{ sku: string; quantity: number }>(
        `select sku, quantity from pack_commerce.purchase_orders where task_id = '${id}' order by sku`,
      );
      return orders.map(({ sku, quantity }) => `${sku} × ${quantity}`);
    };
    const waiting = ({ id }: Task) =>
      until('an approval waits', async () => {
        const { body } = await browser.server.call<{ items: Approval[] }>(
          'GET',
          `/api/v1/approvals?state=pending&task=${id}`,
        );
        return body.items[0] ?? false;
      });
    const decide = async (approval: Approval, how: 'Approve' | 'Deny', message: string) => {
      const page = await browser.signedIn({ path: `/approvals/${approval.id}` });
      await page.getByRole('region', { name: 'The exact input' }).getByText('quantity').waitFor();
      await page.getByRole('button', { name: how }).first().click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Message').fill(message);
      const button = dialog.getByRole('button', { name: how });
      await expect.poll(() => button.isEnabled()).toBe(true);
      await button.click();
      await page.getByText(how === 'Approve' ? 'It is approved' : 'It is denied', { exact: true }).waitFor();
    };
    const ended = ({ id }: Task) =>
      until('it has ended', async () => {
        const task = await browser.server.getTask(id);
        return task.completedAt !== null && task;
      });

    it('orders what the limits allow; one above is approved and lands once, another is denied and the agent goes on', async () => {
      const key = await limitedKey();
      const body = { instruction: reorder.example, scopes: SCOPES, timeout: 120_000 };
      const task = await browser.server.postTask(body, key);
      const first = await waiting(task);
      expect(first).toMatchObject({ command: 'purchase-orders create', input: { sku: 'EL-1021', quantity: 100 } });
      await decide(first, 'Deny', 'not a hundred at once');
      const second = await waiting(task);
      expect(second).toMatchObject({ input: { sku: 'EL-1003', quantity: 80 } });
      expect(await orderedBy(task)).not.toContain('EL-1003 × 80');
      await decide(second, 'Approve', 'the cables sell out every year');
      const done = await ended(task);
      expect(done).toMatchObject({ status: 'completed', exitCode: 0 });
      expect(await orderedBy(task)).toEqual(['EL-1003 × 80', 'EL-1007 × 50', 'EL-1010 × 60', 'EL-1025 × 24']);
      expect(done.stdout).toContain('Created 4 purchase orders');
      expect(done.stdout).toMatch(/Could not order EL-1021:.*not a hundred at once/);
    });

    it('cannot touch prices or users at all, by the CLI or past it', async () => {
      const key = await limitedKey();
      const state = () =>
        browser.server.rows(`select sku as id, price_cents::text as value from pack_commerce.products
          union all select id::text, name from pack_commerce.users order by id`);
      const before = await state();
      const api = '$SEED_API_URL/api/v1';
      const curl = `curl -s -o /dev/null -w '%{http_code}\\n' -H 'content-type: application/json'`;
      const attempts = [
        'seed pricing set EL-1003 --price 0.01 || echo "exit $?"',
        'seed users list || echo "exit $?"',
        `${curl} -X PUT -d '{"price":0.01}' ${api}/pricing/EL-1003`,
        `${curl} ${api}/users`,
      ];
      const task = await browser.server.runTask({ instruction: bash(attempts.join('\n')), scopes: SCOPES }, key);
      expect(task.stdout?.match(/exit \d+/g)).toEqual(['exit 2', 'exit 2']);
      expect(task.stdout?.match(/^\d{3}$/gm)).toEqual(['403', '403']);
      expect(await state()).toEqual(before);
    });
  },
  openShop,
);
