// Calls that a person is asked about: asked, decided, run by the server once, and what each side is told.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Approving, SCOPES, startApproving } from '../fixtures/approvals.ts';
import { rowsOf, run } from '../fixtures/database.ts';
import { until } from '../fixtures/seed.ts';
import type { AnyBody } from '../fixtures/server.ts';

let desk: Approving;
let worker: { id: string; secret: string };
let person: { id: string; secret: string };

beforeAll(async () => {
  desk = await startApproving();
  worker = await desk.server.newKey([...SCOPES, 'tasks:*']);
  person = await desk.approver();
});
afterAll(() => desk?.[Symbol.asyncDispose]());

const post = (path: string, key: string, body: object, headers: Record<string, string> = {}) =>
  desk.server.call<AnyBody>('POST', `/api/v1${path}`, { key, body, headers });
const order = (key: string, supplier: string, headers: Record<string, string> = {}) =>
  post('/orders', key, { supplier, total: 12 }, headers);
const approve = (id: string, body: object = {}, key = person.secret) =>
  post(`/approvals/${id}/approve`, key, body);
const deny = (id: string, body: object = {}, key = person.secret) => post(`/approvals/${id}/deny`, key, body);
const startTask = (body: object = {}) => desk.startTask(body, worker.secret);
const made = async (supplier: string) => (await desk.orders()).filter((line) => line.startsWith(`${supplier} `));

describe('a call of an agent', () => {
  it('is asked about, approved, run once by the server, and answered to whoever waits within a second', async () => {
    const task = await startTask();
    const asked = await order(task.key, ' acme\u202e ');
    expect(asked.status).toBe(202);
    const { approval } = asked.body;
    expect(asked.headers.get('location')).toBe(`/api/v1/approvals/${approval.id}`);
    expect(asked.headers.get('seed-approval')).toBe(approval.id);
    expect(approval).toMatchObject({
      kind: 'command',
      state: 'pending',
      task: task.id,
      command: 'orders add',
      effect: 'write',
      scope: 'orders:write',
      input: { supplier: 'acme\\u{202E}', total: 12, note: 'none' },
      inputJson: '{\n  "supplier": "acme\\u202e",\n  "total": 12,\n  "note": "none"\n}',
      summary: 'Order for 12 from acme\\u{202E}',
      reason: '"orders add" is always asked for',
      stateChecked: false,
      decidedBy: null,
      result: null,
      error: null,
    });
    expect(await made('acme\u202e')).toEqual([]);

    const waiting = desk.approval(approval.id, task.key, 25);
    const decided = await approve(approval.id, { message: 'go on' });
    const decidedAt = performance.now();
    expect([decided.status, decided.body.approval.state]).toEqual([200, 'approved']);
    const done = await waiting;
    expect(performance.now() - decidedAt).toBeLessThan(1_000);
    expect(done).toMatchObject({
      state: 'approved',
      message: 'go on',
      decidedBy: { keyId: person.id, keyName: 'test', via: 'key', isSelf: false },
      result: { order: { supplier: 'acme\u202e', total: 12 } },
    });
    expect(await made('acme\u202e')).toHaveLength(1);
    await task.settle();
  });

  it('is one row of the ledger from the asking on, and nothing of the waiting is in it', async () => {
    const task = await startTask();
    const { approval } = (await order(task.key, 'ledger')).body;
    await desk.approval(approval.id, task.key);
    expect(await desk.ledger(task.id)).toMatchObject([
      { command: 'orders add', status: null, outcome: 'asked', decision: 'asked→pending' },
    ]);
    await approve(approval.id);
    await desk.approval(approval.id, task.key, 10);
    expect(await desk.ledger(task.id)).toMatchObject([
      {
        command: 'orders add',
        status: 200,
        outcome: 'ok',
        decision: 'asked→approved(by test)',
        approval: { id: approval.id, state: 'approved', decidedBy: { keyId: person.id, isSelf: false } },
        changes: { order: { supplier: 'ledger' } },
      },
    ]);
    await task.settle();
  });

  it('is told a denial with the words of the person, and the transcript and webhooks have both', async () => {
    const task = await startTask();
    const { approval } = (await order(task.key, 'denied')).body;
    expect((await deny(approval.id, { message: 'not before the audit' })).status).toBe(200);
    expect(await desk.approval(approval.id, task.key)).toMatchObject({
      state: 'denied',
      error: { code: 'approval_denied', message: 'a person said no to the call: not before the audit' },
    });
    expect(await desk.ledger(task.id)).toMatchObject([
      { status: 403, outcome: 'refused', decision: 'asked→denied(by test: not before the audit)' },
    ]);
    await task.settle();
    const { body } = await desk.server.call('GET', `/api/v1/tasks/${task.id}/events?past=true`);
    const events = String(body)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.filter(({ type }: AnyBody) => type === 'approval')).toMatchObject([
      { state: 'pending', approvalId: approval.id, summary: 'Order for 12 from denied', decidedBy: null },
      { state: 'denied', decidedBy: 'test', message: 'not before the audit' },
    ]);
    const told = await desk.server.call('GET', '/api/v1/webhooks/events?type=task.*&limit=100');
    const ofThis = told.body.items.filter(({ data }: AnyBody) => data.approvalId === approval.id);
    expect(ofThis.map(({ type, data }: AnyBody) => [type, data.state, data.taskId]).reverse()).toEqual([
      ['task.approval_requested', 'pending', task.id],
      ['task.approval_decided', 'denied', task.id],
    ]);
    expect(await made('denied')).toEqual([]);
  });

  it('sent again while it waits is the same approval, with or without its Idempotency-Key', async () => {
    const task = await startTask();
    const first = await order(task.key, 'twice', { 'idempotency-key': 'one' });
    const ids = [
      first,
      await order(task.key, 'twice', { 'idempotency-key': 'one' }),
      await order(task.key, 'twice', { 'idempotency-key': 'two' }),
      await order(task.key, 'twice'),
    ].map(({ body }) => body.approval.id);
    expect(new Set(ids).size).toBe(1);
    await approve(ids[0]);
    await desk.approval(ids[0], task.key, 10);
    const again = await order(task.key, 'twice', { 'idempotency-key': 'two' });
    expect([again.status, again.headers.get('idempotent-replay')]).toEqual([200, 'true']);
    expect(await made('twice')).toHaveLength(1);
    const other = await post('/orders', task.key, { supplier: 'x', total: 1 }, { 'idempotency-key': 'two' });
    expect(other.body.error.code).toBe('idempotency_mismatch');
    await task.settle();
  });

  it('of two that wait, the one that is decided on goes on', async () => {
    const task = await startTask();
    const [one, two] = await Promise.all([order(task.key, 'pair-1'), order(task.key, 'pair-2')]);
    await approve(two?.body.approval.id);
    expect(await desk.approval(two?.body.approval.id, task.key, 10)).toMatchObject({ state: 'approved' });
    expect(await desk.approval(one?.body.approval.id, task.key)).toMatchObject({ state: 'pending' });
    expect([await made('pair-1'), await made('pair-2')]).toEqual([[], ['pair-2 12']]);
    await task.settle();
  });

  it('is cancelled with its task, and nothing runs later', async () => {
    const task = await startTask();
    const { approval } = (await order(task.key, 'late')).body;
    await desk.server.call('POST', `/api/v1/tasks/${task.id}/stop`, { key: worker.secret });
    expect(await desk.approval(approval.id)).toMatchObject({ state: 'cancelled' });
    const late = await approve(approval.id);
    expect([late.status, late.body.error.code]).toEqual([409, 'approval_decided']);
    // Also where it was approved before, and its task ended before any server came to it.
    await rowsOf(
      desk.server.databaseUrl,
      `update approvals set state = 'approved', decided_at = now() where id = '${approval.id}'`,
    );
    await until('it is seen to', async () => (await desk.approval(approval.id)).state === 'cancelled');
    expect(await made('late')).toEqual([]);
    expect(await desk.ledger(task.id)).toMatchObject([{ status: 409, code: 'approval_decided' }]);
  });

  it('fails as it would have: the error is in the approval and the ledger', async () => {
    const task = await startTask();
    const { approval } = (await order(task.key, 'refused')).body;
    await approve(approval.id);
    expect(await desk.approval(approval.id, task.key, 10)).toMatchObject({
      state: 'approved',
      result: null,
      error: { code: 'conflict', message: 'not from them' },
    });
    expect(await desk.ledger(task.id)).toMatchObject([{ status: 409, code: 'conflict' }]);
    expect(await made('refused')).toEqual([]);
    await task.settle();
  });
});

describe('a call outside tasks', () => {
  it('is the same approval when it is sent again with its Idempotency-Key, and then its answer', async () => {
    const headers = { 'idempotency-key': 'direct' };
    const first = await order(worker.secret, 'direct', headers);
    expect([first.status, first.body.approval.task]).toEqual([202, null]);
    const { id } = first.body.approval;
    expect((await order(worker.secret, 'direct', headers)).body.approval.id).toBe(id);
    await approve(id);
    const { result } = await desk.approval(id, worker.secret, 10);
    const again = await order(worker.secret, 'direct', headers);
    expect([again.status, again.headers.get('idempotent-replay'), again.body]).toEqual([200, 'true', result]);
    expect(await made('direct')).toHaveLength(1);
  });

  it('is refused on every repeat once it is denied', async () => {
    const headers = { 'idempotency-key': 'refused-once' };
    const { approval } = (await order(worker.secret, 'direct-denied', headers)).body;
    await deny(approval.id);
    const again = await order(worker.secret, 'direct-denied', headers);
    expect([again.status, again.body.error.code]).toEqual([403, 'approval_denied']);
  });

  it('twins at once are one approval', async () => {
    const headers = { 'idempotency-key': 'twins' };
    const answers = await Promise.all(Array.from({ length: 6 }, () => order(worker.secret, 'twins', headers)));
    expect(new Set(answers.map(({ body }) => body.approval?.id)).size).toBe(1);
  });
});

describe('secrets', () => {
  it('are shown to nobody who decides, and the call is made with them', async () => {
    const task = await startTask();
    const secret = { to: 'sk_live_abcdefghijklmnop', password: 'hunter2' };
    const { approval } = (await post('/mails', task.key, secret)).body;
    expect(approval.input).toEqual({ to: '[secret]', password: '[secret]' });
    expect(JSON.stringify(await desk.approval(approval.id, person.secret))).not.toContain('hunter2');
    const [row] = await rowsOf(desk.server.databaseUrl, `select * from approvals where id = '${approval.id}'`);
    expect(JSON.stringify(row)).not.toContain('hunter2');
    await approve(approval.id);
    expect(await desk.approval(approval.id, task.key, 10)).toMatchObject({ result: { sent: true } });
    expect(desk.mails).toContain((await desk.ledger(task.id))[0]?.id);
    await task.settle();
  });
});

describe('decisions', () => {
  it('at once: one counts, the other is told', async () => {
    const { approval } = (await order(worker.secret, 'at-once')).body;
    const second = await desk.approver();
    const answers = await Promise.all([
      approve(approval.id),
      approve(approval.id, {}, second.secret),
      deny(approval.id),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const settled = await desk.approval(approval.id, worker.secret, 10);
    expect(await made('at-once')).toHaveLength(settled.state === 'approved' ? 1 : 0);
  });

  it('need approvals:write; others see nothing of it', async () => {
    const { approval } = (await order(worker.secret, 'strange')).body;
    const stranger = await desk.server.newKey(['orders:write']);
    const seen = await desk.server.call('GET', `/api/v1/approvals/${approval.id}`, { key: stranger.secret });
    expect(seen.status).toBe(404);
    expect((await approve(approval.id, {}, stranger.secret)).body.error.code).toBe('missing_scope');
    const listed = await desk.server.call('GET', '/api/v1/approvals?state=pending', { key: person.secret });
    expect(listed.body.items.map(({ id }: AnyBody) => id)).toContain(approval.id);
    expect((await desk.server.call('GET', '/api/v1/approvals', { key: worker.secret })).status).toBe(403);
  });

  it('while it expires: either it is approved and runs, or it has expired and never does', async () => {
    const { approval } = (await order(worker.secret, 'expiring')).body;
    await run(desk.server.databaseUrl, `update approvals set expires_at = now() where id = '${approval.id}'`);
    const late = await approve(approval.id);
    expect([late.status, late.body.error.code]).toEqual([409, 'approval_decided']);
    expect(await desk.approval(approval.id, worker.secret, 10)).toMatchObject({
      state: 'expired',
      error: { code: 'approval_expired' },
    });
    expect(await made('expiring')).toEqual([]);
  });
});
