// Who may decide on an approval: never who asks, nor what comes from it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Approving, SCOPES, startApproving } from '../fixtures/approvals.ts';
import { outcome, signIn, withCookie } from '../fixtures/dashboard-session.ts';
import { run } from '../fixtures/database.ts';
import type { AnyBody } from '../fixtures/server.ts';

let desk: Approving;

beforeAll(async () => {
  desk = await startApproving();
});
afterAll(() => desk?.[Symbol.asyncDispose]());

const post = (path: string, key: string, body: object = {}) =>
  desk.server.call<AnyBody>('POST', `/api/v1${path}`, { key, body });
const keyOf = async (maker: string, scopes: string[], more: object = {}) => {
  const { body } = await post('/keys', maker, { name: 'made', scopes, ...more });
  return { id: body.key?.id as string, secret: body.secret as string, error: body.error };
};
let asked = 0;
const ask = async (key: string): Promise<string> => {
  asked += 1;
  return (await post('/orders', key, { supplier: `s${asked}`, total: 1 })).body.approval.id;
};
const decide = async (id: string, key: string, how = 'approve') =>
  outcome(await post(`/approvals/${id}/${how}`, key));
const REFUSED = [403, 'not_allowed'];
/** The first key of an account of its own. */
const newAccount = async () =>
  (await post('/accounts', desk.server.adminKey, { name: `fresh ${Math.random()}` })).body.secret as string;

describe('four eyes', () => {
  it('neither the asking key, nor what it made or gave a secret, nor its tasks', async () => {
    const { adminKey } = desk.server;
    const asking = await keyOf(adminKey, ['*'], { expiresIn: 'never' });
    const made = await keyOf(asking.secret, ['approvals:write', 'keys:*']);
    const madeOfMade = await keyOf(made.secret, ['approvals:write']);
    const rotated = await keyOf(adminKey, ['approvals:write']);
    const secret = (await post(`/keys/${rotated.id}/rotate`, asking.secret, { grace: '0m' })).body.secret;
    const apart = await keyOf(adminKey, ['approvals:write']);

    const id = await ask(asking.secret);
    for (const key of [asking.secret, made.secret, madeOfMade.secret, secret])
      expect([await decide(id, key), await decide(id, key, 'deny')]).toEqual([REFUSED, REFUSED]);
    expect(await decide(id, apart.secret)).toEqual([200]);

    const task = await desk.startTask({}, asking.secret);
    const byTask = await ask(task.key);
    const keyOfTask = await keyOf(task.key, ['approvals:write']);
    expect(keyOfTask.error.code).toBe('missing_scope');
    expect(await decide(byTask, task.key)).toEqual([403, 'missing_scope']);
    expect(await decide(byTask, made.secret)).toEqual(REFUSED);
    expect(await decide(byTask, adminKey)).toEqual([200]);
    await task.settle();
  });

  it('unless a key above said so, which the asking one cannot change', async () => {
    const { adminKey } = desk.server;
    const approval = { selfApprove: true };
    const scopes = [...SCOPES, 'approvals:write'];
    const trusted = await keyOf(adminKey, scopes, { approval });
    const mighty = await keyOf(adminKey, [...scopes, 'keys:write'], { approval });
    const id = await ask(trusted.secret);
    expect(await decide(id, trusted.secret)).toEqual([200]);
    const { decidedBy } = await desk.approval(id, trusted.secret, 10);
    expect(decidedBy).toMatchObject({ keyId: trusted.id, isSelf: true });
    expect(await decide(await ask(mighty.secret), mighty.secret)).toEqual(REFUSED);

    // Nor by a key that asks and was not told so itself.
    const maker = await keyOf(adminKey, ['*'], { approval: { effects: ['destructive'] } });
    const byMaker = await keyOf(maker.secret, scopes, { approval });
    if (byMaker.error === undefined)
      expect(await decide(await ask(byMaker.secret), byMaker.secret)).toEqual(REFUSED);
  });

  it('a task has what it is told of approving from its keys, not from who posts it', async () => {
    const { secret } = await keyOf(desk.server.adminKey, [...SCOPES, 'approvals:write', 'tasks:*']);
    const task = await desk.startTask({ approval: { selfApprove: true } }, secret);
    expect(await decide(await ask(task.key), secret)).toEqual(REFUSED);
    await task.settle();
  });
});

describe('approvesScopes', () => {
  it('are the scopes that a key decides on, and only get fewer', async () => {
    const { adminKey } = desk.server;
    const worker = await keyOf(adminKey, SCOPES);
    const mails = await keyOf(adminKey, ['approvals:write', 'keys:write'], { approvesScopes: ['mails:*'] });
    const orders = await keyOf(adminKey, ['approvals:write'], { approvesScopes: ['orders:write'] });
    const id = await ask(worker.secret);
    expect(await decide(id, mails.secret)).toEqual(REFUSED);
    expect(await decide(id, orders.secret)).toEqual([200]);
    const wider = await keyOf(mails.secret, ['approvals:write'], { approvesScopes: ['orders:write'] });
    expect(wider.error.code).toBe('not_allowed');
    const narrower = await keyOf(mails.secret, ['approvals:write'], { approvesScopes: ['mails:write'] });
    expect(narrower.error).toBeUndefined();
    const silent = await keyOf(mails.secret, ['approvals:write']);
    expect(await decide(await ask(worker.secret), silent.secret)).toEqual(REFUSED);
    expect((await keyOf(adminKey, ['approvals:write'], { approvesScopes: ['No Scope'] })).error.code).toBe(
      'invalid_input',
    );
  });
});

describe('tasks', () => {
  it('never hold approvals:write', async () => {
    const { adminKey } = desk.server;
    const all = await post('/tasks/run', adminKey, { instruction: 'x' });
    expect(all.body.task.scopes.effective).toContain('orders:write');
    expect(all.body.task.scopes.effective).not.toContain('approvals:write');
    const wanted = await post('/tasks/run', adminKey, {
      instruction: 'x',
      scopes: ['approvals:write', 'keys:read'],
    });
    expect(wanted.body.task.scopes).toMatchObject({ effective: ['keys:read'], denied: ['approvals:write'] });
    for (const { body } of [all, wanted]) await post(`/tasks/${body.task.id}/stop`, adminKey);
  });

  it('tell who posts them where nobody could decide', async () => {
    const secret = await newAccount();
    const risks = async (scopes = ['orders:write']) => {
      const { body } = await post('/tasks/run', secret, { instruction: 'x', scopes });
      await post(`/tasks/${body.task.id}/stop`, secret);
      return body.task.risks;
    };
    expect(await risks()).toEqual([expect.stringContaining('Nobody could approve what this task asks')]);
    expect(await risks(['keys:read'])).toEqual([]);
    await keyOf(secret, ['approvals:write']);
    expect(await risks()).toEqual([expect.stringContaining('Nobody could approve')]);
  });
});

describe('the admin key of a fresh account', () => {
  it('decides in the dashboard, is shown as such, and no more once somebody else can', async () => {
    const secret = await newAccount();
    const dashboard = withCookie(desk.server, await signIn(desk.server, secret));
    const first = await ask(secret);
    expect(await decide(first, secret)).toEqual(REFUSED);
    expect(outcome(await dashboard('POST', `/api/v1/approvals/${first}/approve`, { body: {} }))).toEqual([200]);
    const { decidedBy } = await desk.approval(first, secret, 10);
    expect(decidedBy).toMatchObject({ keyName: 'admin', via: 'session', isSelf: true });

    // One that was made by nobody of the account, as by an operator.
    const { body } = await desk.server.call('GET', '/api/v1/whoami', { key: secret });
    const other = await keyOf(secret, ['approvals:write']);
    await run(
      desk.server.databaseUrl,
      `update keys set created_by_key_id = null where id = '${other.id}' and account_id = '${body.account.id}'`,
    );
    const second = await ask(secret);
    const again = await dashboard('POST', `/api/v1/approvals/${second}/approve`, { body: {} });
    expect(outcome(again)).toEqual(REFUSED);
    expect(await decide(second, other.secret)).toEqual([200]);
  });
});
