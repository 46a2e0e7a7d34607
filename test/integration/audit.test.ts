// The audit log: what gets into it, who sees it, that a flood does not fill it, and that nothing ever changes it.
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openStore } from '../../src/db/store.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { createLog } from '../../src/lib/log.ts';
import type { AuditEntry } from '../../src/protocol/audit.ts';
import { findAudit, insertAudit, pruneAudit } from '../../src/server/access/audit.ts';
import { type AuditedCall, AuditTrail } from '../../src/server/access/audit-trail.ts';
import { emptyDatabase, run } from '../fixtures/database.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { openTestStore, silent } from '../fixtures/store.ts';

const DAY_MS = 86_400_000;

describe('over REST', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server?.stop());

  const list = async (query = '', key = server.adminKey): Promise<AuditEntry[]> =>
    (await server.call('GET', `/api/v1/audit?limit=100&${query}`, { key })).body.items;

  it('has every call that changes something, with who, what and from where', async () => {
    const caller = await server.newKey(['keys:*'], { name: 'auditor' });
    const created = await server.call('POST', '/api/v1/keys', {
      key: caller.secret,
      body: { name: 'x', scopes: ['keys:read'] },
    });
    const { id } = created.body.key;
    await server.call('POST', `/api/v1/keys/${id}/revoke`, { key: caller.secret });
    await server.call('POST', '/api/v1/keys', { key: caller.secret, body: { name: '' } });
    await server.call('GET', '/api/v1/keys', { key: caller.secret });
    const entries = await list(`keyId=${caller.id}`);
    const common = { keyId: caller.id, keyName: 'auditor', taskId: null, address: '127.0.0.1', calls: 1 };
    expect(entries).toMatchObject([
      {
        ...common,
        command: 'keys create',
        target: null,
        outcome: 'failed',
        status: 400,
        code: 'invalid_input',
      },
      { ...common, command: 'keys revoke', target: id, outcome: 'ok', status: 200, code: null },
      {
        ...common,
        command: 'keys create',
        target: id,
        outcome: 'ok',
        status: 201,
        requestId: created.headers.get('x-request-id'),
      },
    ]);
    expect(JSON.stringify(entries)).not.toContain('sk_live_');
  });

  it('has refused calls, also of reading commands, and those of keys that are dead', async () => {
    const { id, secret } = await server.newKey(['keys:read']);
    await server.call('GET', '/api/v1/tasks', { key: secret });
    await server.call('POST', `/api/v1/keys/${id}/revoke`);
    await server.call('GET', '/api/v1/keys', { key: secret });
    await server.call('GET', '/cli/seed.mjs', { key: secret });
    expect(await list(`keyId=${id}&outcome=refused`)).toMatchObject([
      { command: null, code: 'key_revoked' },
      { command: 'keys list', code: 'key_revoked' },
      { command: 'tasks list', code: 'missing_scope', status: 403 },
    ]);
  });

  it('has the task behind a call', async () => {
    const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi' } });
    const lease = await server.runner().lease();
    await server.call('POST', '/api/v1/keys', {
      key: lease.taskKey,
      body: { name: 'x', scopes: ['keys:read'] },
    });
    const entries = await list(`taskId=${body.task.id}`);
    expect(entries).toMatchObject([
      { command: 'keys create', taskId: body.task.id, keyName: `task:${body.task.id.slice(0, 8)}` },
    ]);
    await server.call('POST', `/api/v1/tasks/${body.task.id}/stop`);
    expect(await list('command=tasks%20stop')).toMatchObject([{ target: body.task.id }]);
    expect(await list('command=tasks%20run')).toMatchObject([{ target: body.task.id }]);
  });

  it('has a task as soon as it is accepted, once, however long the answer is held', async () => {
    const { id, secret } = await server.newKey(['tasks:*']);
    const held = server.call('POST', '/api/v1/tasks/run', {
      key: secret,
      body: { instruction: 'hi' },
      headers: { prefer: 'wait=30' },
    });
    await expect
      .poll(() => list(`keyId=${id}`), { timeout: 10_000 })
      .toMatchObject([{ command: 'tasks run', status: 202 }]);
    const [entry] = await list(`keyId=${id}`);
    await server.call('POST', `/api/v1/tasks/${entry?.target}/stop`);
    expect((await held).body.task).toMatchObject({ id: entry?.target, status: 'stopped' });
    expect(await list(`keyId=${id}`)).toHaveLength(1);
  });

  it('is read with its scope, page by page, and in a stretch of time', async () => {
    const { secret } = await server.newKey(['keys:read']);
    expect((await server.call('GET', '/api/v1/audit', { key: secret })).body.error.message).toContain(
      'audit:read',
    );
    const whole = await list();
    const first = await server.call('GET', '/api/v1/audit?limit=2');
    const second = await server.call('GET', `/api/v1/audit?limit=2&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items].map(({ id }) => id)).toEqual(
      whole.slice(0, 4).map(({ id }) => id),
    );
    const [, at = ''] = whole.map((entry) => entry.at);
    expect((await list(`since=${at}`)).every((entry) => entry.at >= at)).toBe(true);
    expect((await list(`until=${at}`)).every((entry) => entry.at < at)).toBe(true);
    expect(await list('since=1h')).toHaveLength(whole.length);
    expect((await server.call('GET', '/api/v1/audit?since=yesterday')).status).toBe(400);
  });

  it('shows an account its own entries, and the operator alone those without a known key', async () => {
    const other = await server.call('POST', '/api/v1/accounts', { body: { name: 'Other' } });
    expect(await list('', other.body.secret)).toEqual([]);
    await server.call('GET', '/api/v1/keys', { key: generateKeySecret() });
    await server.call('POST', '/api/v1/keys', { key: null, body: {} });
    expect(await list('unknownKeys=true')).toMatchObject([
      { keyId: null, command: 'keys create', code: 'not_authenticated', address: '127.0.0.1' },
      { keyId: null, command: 'keys list', code: 'invalid_key' },
    ]);
    const refused = await server.call('GET', '/api/v1/audit?unknownKeys=true', { key: other.body.secret });
    expect(refused.body.error.code).toBe('operator_only');
  });

  it('sums up a flood of refused calls', async () => {
    const { id, secret } = await server.newKey(['keys:read']);
    const other = await server.sibling();
    await Promise.all(Array.from({ length: 60 }, () => other.call('GET', '/api/v1/tasks', { key: secret })));
    expect(await list(`keyId=${id}`)).toMatchObject([{ calls: 1 }]);
    await other.stop();
    expect((await list(`keyId=${id}`)).map(({ calls }) => calls)).toEqual([59, 1]);
  });
});

it('keeps entries for as long as the operator sets, from the next start on', async () => {
  const server = await startTestServer();
  const insert = (days: number) =>
    run(
      server.databaseUrl,
      `insert into audit (id, created_at, status, calls, command)
      values (gen_random_uuid(), now() - interval '${days} days', 200, 1, 'of ${days} days')`,
    );
  await insert(31);
  await insert(29);
  const commands = async () => {
    const { body } = await server.call('GET', '/api/v1/audit?unknownKeys=true');
    return body.items.map(({ command }: AuditEntry) => command);
  };
  expect(await commands()).toEqual(['of 29 days', 'of 31 days']);
  const other = await server.sibling({ auditRetentionDays: 30 });
  await expect.poll(commands, { timeout: 10_000 }).toEqual(['audit prune', 'of 29 days']);
  await other.stop();
  await server.stop();
});

describe('the trail', () => {
  it('tells so many kinds of failing calls apart and no more', async () => {
    const seed = await openTestStore();
    const call: AuditedCall = {
      accountId: null,
      keyId: null,
      taskId: null,
      sessionId: null,
      address: null,
      command: null,
      target: null,
      status: 401,
      code: 'invalid_key',
      requestId: null,
    };
    await using trail = new AuditTrail(seed.store, createLog('test', 'silent'), {
      kindsMost: 10,
      sumEveryMs: 3_600_000,
    });
    await Promise.all(
      Array.from({ length: 500 }, (_, i) => trail.record({ ...call, address: `10.0.0.${i % 250}` })),
    );
    await trail.writeSums();
    const { items } = await findAudit(seed.store.db, null, { limit: 100 }, seed.store.clock.now());
    expect(items.length).toBeLessThanOrEqual(22);
    expect(items.reduce((sum, { calls }) => sum + calls, 0)).toBe(500);
    await trail.writeSums();
    expect((await findAudit(seed.store.db, null, { limit: 100 }, seed.store.clock.now())).items).toHaveLength(
      items.length,
    );
    await trail[Symbol.asyncDispose]();
    await seed.close();
  });
});

describe('the table', () => {
  const entryOf = (at: Date) => ({
    at,
    accountId: null,
    keyId: null,
    taskId: null,
    sessionId: null,
    address: null,
    command: 'x',
    target: null,
    status: 200,
    code: null,
    calls: 1,
    requestId: null,
  });

  /** Statements of the server's own role: the owner as it is, or one that is no superuser. */
  async function attempts(databaseUrl: string): Promise<string[]> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    const statements = [
      'update audit set status = 1',
      'delete from audit',
      'truncate audit',
      "begin; set local seed.prune_audit = 'on'; delete from audit where created_at > now() - interval '29 days'",
    ];
    const outcomes: string[] = [];
    for (const statement of statements) {
      outcomes.push(
        await client.query(statement).then(
          () => 'done',
          (error: { code: string }) => error.code,
        ),
      );
      await client.query('rollback');
    }
    const { rows } = await client.query('select count(*)::int as count from audit');
    await client.end();
    return [...outcomes, `${rows[0].count} rows`];
  }

  it('takes rows and lets none be changed, also by a role that is no superuser', async () => {
    const { databaseUrl, drop } = await emptyDatabase();
    const role = `seed_role_${randomUUID().replaceAll('-', '')}`;
    await run(databaseUrl, `create role ${role} login password 'secret'`);
    await run(databaseUrl, `alter schema public owner to ${role}`);
    await run(databaseUrl, `grant create on database ${new URL(databaseUrl).pathname.slice(1)} to ${role}`);
    const url = new URL(databaseUrl);
    url.username = role;
    url.password = 'secret';
    const store = await openStore({ databaseUrl: url.href, log: silent });
    const [young, old] = [new Date(), new Date(Date.now() - 40 * DAY_MS)];
    await insertAudit(store.db, [entryOf(young), entryOf(old)]);
    expect(await attempts(databaseUrl)).toEqual(['42501', '42501', '42501', '42501', '2 rows']);
    expect(await attempts(url.href)).toEqual(['42501', '42501', '42501', '42501', '2 rows']);
    // The operator's retention is the one way out, it leaves a trace, and is closed again afterwards.
    expect(await pruneAudit(store, new Date(Date.now() - 35 * DAY_MS))).toBe(1);
    expect(await pruneAudit(store, new Date(Date.now() - 35 * DAY_MS))).toBe(0);
    const { items } = await findAudit(store.db, null, { limit: 10 }, store.clock.now());
    expect(items).toMatchObject([{ command: 'audit prune', calls: 1 }, { at: young.toISOString() }]);
    expect(await attempts(url.href)).toEqual(['42501', '42501', '42501', '42501', '2 rows']);
    await store.close();
    await drop();
    await run(inject('postgresUrl'), `drop role ${role}`);
  });
});
