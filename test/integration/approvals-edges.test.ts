// What changes between asking and deciding: the key, its limits, the row that a call is about, who is at work
// on it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Approval } from '../../src/protocol/approval.ts';
import { type Approving, SCOPES, startApproving } from '../fixtures/approvals.ts';
import { rowsOf, run } from '../fixtures/database.ts';
import type { AnyBody } from '../fixtures/server.ts';

let desk: Approving;
let person: { id: string; secret: string };

beforeAll(async () => {
  desk = await startApproving();
  person = await desk.approver();
});
afterAll(() => desk?.[Symbol.asyncDispose]());

const call = (method: string, path: string, key: string, body: object = {}) =>
  desk.server.call<AnyBody>(method, `/api/v1${path}`, { key, body });
const order = async (key: string, supplier: string, total = 10): Promise<string> =>
  (await call('POST', '/orders', key, { supplier, total })).body.approval.id;
const approve = async (id: string): Promise<Approval> => {
  const answer = await call('POST', `/approvals/${id}/approve`, person.secret);
  expect(answer.status).toBe(200);
  return desk.approval(id, person.secret, 10);
};
const made = async (supplier: string) => (await desk.orders()).filter((line) => line.startsWith(`${supplier} `));

describe('between asking and deciding', () => {
  it('the key is revoked: nothing is done, and the approval says why', async () => {
    const worker = await desk.server.newKey([...SCOPES, 'tasks:*']);
    const task = await desk.startTask({}, worker.secret);
    const ids = [await order(worker.secret, 'revoked'), await order(task.key, 'revoked')];
    await call('POST', `/keys/${worker.id}/revoke`, desk.server.adminKey);
    for (const id of ids) expect((await approve(id)).error?.code).toBe('key_revoked');
    expect(await made('revoked')).toEqual([]);
    await task.settle();
  });

  it('a limit is lowered: what denies it now denies it', async () => {
    const worker = await desk.server.newKey(SCOPES);
    const id = await order(worker.secret, 'lowered');
    const limits = [{ command: 'orders add', input: { properties: { total: { maximum: 5 } } } }];
    expect((await call('PATCH', `/keys/${worker.id}`, desk.server.adminKey, { limits })).status).toBe(200);
    expect((await approve(id)).error?.code).toBe('limit_exceeded');
    expect(await made('lowered')).toEqual([]);
  });

  it('the row has changed: stale, and asked again as things are then', async () => {
    const worker = await desk.server.newKey([...SCOPES, 'tasks:*']);
    const task = await desk.startTask({}, worker.secret);
    const asked = await call('PUT', '/prices/tea', task.key, { price: 7 });
    const { approval } = asked.body;
    expect([asked.status, approval.stateChecked]).toEqual([202, true]);
    const { body } = await desk.server.call('GET', '/api/v1/whoami');
    await run(desk.server.databaseUrl, `insert into pack_desk.prices values ('${body.account.id}', 'tea', 5)`);
    const price = async () =>
      (await rowsOf(desk.server.databaseUrl, `select price from pack_desk.prices where sku = 'tea'`))[0]?.[
        'price'
      ];

    const stale = await approve(approval.id);
    expect(stale).toMatchObject({ state: 'stale', ranAt: null, error: { code: 'approval_stale' } });
    expect(await price()).toBe(5);
    const again = await desk.approval(stale.askedAgain ?? '', task.key);
    expect(again).toMatchObject({ state: 'pending', command: 'prices set', task: task.id, stateChecked: true });
    // The agent that calls again finds the one that waits.
    expect((await call('PUT', '/prices/tea', task.key, { price: 7 })).body.approval.id).toBe(again.id);
    expect((await approve(again.id)).result).toEqual({ sku: 'tea', price: 7 });
    expect(await price()).toBe(7);
    const rows = (await desk.ledger(task.id)).map(({ status, code }) => [status, code]);
    expect(rows).toEqual([
      [409, 'approval_stale'],
      [200, null],
      [202, null],
    ]);
    await task.settle();
  });

  it('and a decision never comes twice, whoever asks for it', async () => {
    const worker = await desk.server.newKey(SCOPES);
    const id = await order(worker.secret, 'counted');
    await approve(id);
    // As if the server had died after the work and before it was noted.
    const anew = `update approvals set ran_at = null, sealed_result = null, claimed_until = null where id = '${id}'`;
    await run(desk.server.databaseUrl, anew);
    expect((await desk.approval(id, worker.secret, 10)).result).toMatchObject({ order: { supplier: 'counted' } });
    expect(await made('counted')).toHaveLength(1);
  });

  it('nobody runs in time what was approved: it is not run at all', async () => {
    const worker = await desk.server.newKey(SCOPES);
    const id = await order(worker.secret, 'forgotten');
    await run(
      desk.server.databaseUrl,
      `update approvals set state = 'approved', decided_at = now() - interval '2 hours' where id = '${id}'`,
    );
    expect((await desk.approval(id, worker.secret, 10)).error?.code).toBe('approval_expired');
    expect(await made('forgotten')).toEqual([]);
  });
});

it('what reads is asked about like everything else, and answered to who asked', async () => {
  const limits = [{ command: 'keys list', calls: 0, else: 'ask' }];
  const reader = await desk.server.newKey(['keys:read'], { limits });
  const asked = await desk.server.call('GET', '/api/v1/keys?limit=1', { key: reader.secret });
  expect([asked.status, asked.body.approval?.effect]).toEqual([202, 'read']);
  const { id } = asked.body.approval;
  await approve(id);
  expect((await desk.approval(id, reader.secret, 10)).result).toMatchObject({ items: [{ name: 'test' }] });
});

describe('what cannot be asked', () => {
  it('an input that nobody could read is refused', async () => {
    const worker = await desk.server.newKey(SCOPES);
    const answer = await call('POST', '/orders', worker.secret, { supplier: 'x'.repeat(33_000), total: 1 });
    expect([answer.status, answer.body.error.code]).toEqual([403, 'limit_exceeded']);
  });

  it('more at a time than anybody would decide on', async () => {
    const worker = await desk.server.newKey([...SCOPES, 'tasks:*']);
    const task = await desk.startTask({}, worker.secret);
    const answers = [];
    for (let total = 0; total < 51; total += 1)
      answers.push(await call('POST', '/orders', task.key, { supplier: 'many', total }));
    expect(answers.slice(0, 50).every(({ status }) => status === 202)).toBe(true);
    expect(answers[50]?.body.error.code).toBe('too_many_requests');
    await task.settle();
    const listed = await desk.server.call('GET', `/api/v1/approvals?task=${task.id}&state=cancelled&limit=100`);
    expect(listed.body.items).toHaveLength(50);
  });
});
