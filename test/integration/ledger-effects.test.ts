// The ledger cannot miss an effect: whatever fails, what was done has a row, what may have been done says so, and
// what was not done is claimed by none. And a request that is repeated is not done twice.
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../src/protocol/ledger.ts';
import { rowsOf, run } from '../fixtures/database.ts';
import { answers, cut, type Effects, startEffects } from '../fixtures/effects.ts';

/** Of a busy machine. */
const PATIENT = { timeout: 15_000 };

let seed: Effects;
beforeAll(async () => {
  seed = await startEffects();
}, 60_000);
afterAll(() => seed?.[Symbol.asyncDispose]());

const told = ({ status, body }: { status: number; body: { error?: { code: string } } }) => [
  status,
  body.error?.code,
];
/** The rows that the work adds to the task's ledger. */
async function rowsOfWork(work: () => Promise<unknown>): Promise<LedgerEntry[]> {
  const before = (await seed.ledger()).length;
  await work();
  return (await seed.ledger()).slice(before);
}
const asked = () => seed.platform.asked.length;

describe('a call whose row cannot be written is not made', () => {
  const unavailable = [503, 'unavailable'];
  const counts = async () => [
    asked(),
    seed.mails.length,
    (await seed.items()).length,
    ...(await rowsOf(
      seed.server.databaseUrl,
      `select (select count(*)::int from keys), (select count(*)::int from tasks),
        (select count(*)::int from webhook_endpoints), (select count(*)::int from idempotency)`,
    )),
  ];

  it.each<[string, string, object]>([
    ['a pack that is one transaction', '/items', { name: 'a' }],
    ['an external command of a pack', '/mails', {}],
    ['an imported platform', '/shop/orders', {}],
    ['an imported platform that takes a key', '/shop/payments', {}],
    ['a command of Seed that is one transaction', '/keys', { name: 'x', scopes: ['items:write'] }],
    ['a command of Seed that is not', '/tasks/run', { instruction: 'x' }],
  ])('%s', async (_, path, body) => {
    const before = await counts();
    const idempotencyKey = randomUUID();
    const { adminKey: key } = seed.server;
    await seed.withoutRows(async () => {
      for (const more of [{}, { idempotencyKey }, { idempotencyKey, key }])
        expect(told(await seed.call(path, { body, ...more }))).toEqual(unavailable);
    });
    expect(await counts()).toEqual(before);
    // Nothing of it is left in the way.
    expect((await seed.call(path, { body, idempotencyKey })).status).toBeLessThan(300);
  });

  it('nor is a read of a task answered', async () => {
    await seed.withoutRows(async () => {
      for (const path of ['/shop/orders', `/tasks/${seed.taskId}/events`])
        expect(told(await seed.call(path, { method: 'GET' }))).toEqual(unavailable);
    });
  });
});

describe('a command of a pack', () => {
  it.each(['refused', 'thrown', 'malformed'])('that is undone (%s) is claimed by no row', async (name) => {
    const before = await seed.items();
    const rows = await rowsOfWork(async () => {
      expect((await seed.call('/items', { body: { name }, idempotencyKey: `undone-${name}` })).status).not.toBe(
        200,
      );
    });
    expect(rows).toMatchObject([{ command: 'items add', outcome: 'failed', changes: null }]);
    expect(await seed.items()).toEqual(before);
    // And tried again when it is sent again.
    const again = await rowsOfWork(() =>
      seed.call('/items', { body: { name }, idempotencyKey: `undone-${name}` }),
    );
    expect(again).toMatchObject([{ outcome: 'failed', changes: null }]);
  });

  it('is done once by 20 equal requests to two servers, and one row has the change', async () => {
    const sibling = await seed.server.sibling();
    const headers = { 'idempotency-key': 'twenty' };
    const send = (by: typeof sibling.call) =>
      by('POST', '/api/v1/items', { key: seed.taskKey, headers, body: { name: 'twenty' } });
    const rows = await rowsOfWork(async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, index) => send(index % 2 ? sibling.call : seed.server.call)),
      );
      expect(new Set(all.map((answer) => JSON.stringify([answer.status, answer.body]))).size).toBe(1);
    });
    await sibling.stop();
    expect((await seed.items()).filter((name) => name === 'twenty')).toHaveLength(1);
    expect(rows).toHaveLength(20);
    expect(rows.every(({ idempotencyKey, outcome }) => idempotencyKey === 'twenty' && outcome === 'ok')).toBe(
      true,
    );
    expect(rows.filter(({ changes }) => changes !== null)).toHaveLength(1);
  });

  it('that is external and cut off stays unknown, and its repeat is not done', async () => {
    const before = seed.mails.length;
    seed.mailsDo.push('cut');
    const first = await rowsOfWork(async () => {
      expect((await seed.call('/mails', { idempotencyKey: 'mail' })).status).toBe(500);
    });
    expect(first).toMatchObject([{ outcome: 'unknown', status: null, code: 'internal', changes: null }]);
    expect(told(await seed.call('/mails', { idempotencyKey: 'mail' }))).toEqual([409, 'outcome_unknown']);
    expect(seed.mails.length).toBe(before + 1);
    const { body } = await seed.server.call('GET', `/api/v1/tasks/${seed.taskId}/events?past=true`);
    const events = (body as string)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const inTranscript = events.filter(({ command }) => command === 'mails send').map(({ status }) => status);
    expect(inTranscript.slice(-2)).toEqual([null, 409]);
  });

  it('that is external and refused before it did anything is tried again', async () => {
    seed.mailsDo.push('refuse');
    expect(told(await seed.call('/mails', { idempotencyKey: 'refused-mail' }))).toEqual([409, 'conflict']);
    expect((await seed.call('/mails', { idempotencyKey: 'refused-mail' })).status).toBe(200);
  });
});

describe('an imported platform', () => {
  it('that cuts the connection leaves `unknown`, and sees no repeat, also when the claim is over', async () => {
    seed.platform.behave(cut);
    const before = asked();
    const rows = await rowsOfWork(async () => {
      expect(told(await seed.call('/shop/orders', { idempotencyKey: 'cut' }))).toEqual([
        502,
        'platform_unavailable',
      ]);
    });
    expect(rows).toMatchObject([{ outcome: 'unknown', status: null, code: 'platform_unavailable' }]);
    for (const later of ['now()', `now() - interval '1 hour'`]) {
      await run(seed.server.databaseUrl, `update idempotency set working_until = ${later}`);
      expect(told(await seed.call('/shop/orders', { idempotencyKey: 'cut' }))).toEqual([409, 'outcome_unknown']);
    }
    expect(asked()).toBe(before + 1);
    const obs = await seed.server.call('GET', '/api/v1/obs/errors?by=code&since=1h');
    expect(obs.body.items.map(({ group }: { group: string }) => group)).toContain('platform_unavailable');
  });

  it('that takes a key is sent a cut call again with the same, and the first row gets the outcome', async () => {
    const before = asked();
    seed.platform.behave(cut, cut);
    const rows = await rowsOfWork(async () => {
      expect((await seed.call('/shop/payments', { idempotencyKey: 'pay' })).status).toBe(502);
      expect((await seed.ledger()).at(-1)).toMatchObject({ outcome: 'unknown' });
      expect((await seed.call('/shop/payments', { idempotencyKey: 'pay' })).status).toBe(200);
    });
    const keys = seed.platform.asked.slice(before).map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toBe(rows[0]?.id);
    expect(rows).toMatchObject([{ outcome: 'ok', status: 200, idempotencyKey: 'pay' }]);
  });

  it('that refuses a call which was cut off before has not told what became of it', async () => {
    seed.platform.behave(cut, cut, answers(409));
    const rows = await rowsOfWork(async () => {
      await seed.call('/shop/payments', { idempotencyKey: 'late' });
      expect(told(await seed.call('/shop/payments', { idempotencyKey: 'late' }))).toEqual([409, 'conflict']);
    });
    expect(rows).toMatchObject([{ outcome: 'unknown' }]);
    expect((await seed.call('/shop/payments', { idempotencyKey: 'late' })).status).toBe(200);
  });

  it.each([400, 404, 409, 422, 429])(
    'that refuses with %i has done nothing: the repeat is sent',
    async (status) => {
      seed.platform.behave(answers(status));
      const idempotencyKey = `refuses-${status}`;
      const before = asked();
      const rows = await rowsOfWork(async () => {
        expect((await seed.call('/shop/orders', { idempotencyKey })).status).toBeLessThan(500);
        expect((await seed.call('/shop/orders', { idempotencyKey })).status).toBe(200);
      });
      expect(asked()).toBe(before + 2);
      expect(rows.map(({ outcome }) => outcome)).toEqual([status === 429 ? 'refused' : 'failed', 'ok']);
    },
  );

  it.each([303, 408, 500, 503])('that answers %i may have done it: the repeat is not sent', async (status) => {
    seed.platform.behave(
      status === 303 ? (response) => response.writeHead(303, { location: '/x' }).end() : answers(status),
    );
    const idempotencyKey = `may-${status}`;
    await seed.call('/shop/orders', { idempotencyKey });
    expect(told(await seed.call('/shop/orders', { idempotencyKey }))).toEqual([409, 'outcome_unknown']);
  });
});

it('an outcome that cannot be written at once is written when the database can', async () => {
  const before = asked();
  const calling = await seed.withoutRows(async () => {
    const call = seed.call('/shop/orders', { idempotencyKey: 'slow-outcome' });
    await expect.poll(async () => (await seed.ledger()).at(-1)?.idempotencyKey, PATIENT).toBe('slow-outcome');
    await expect.poll(() => seed.platform.asked.length, PATIENT).toBe(before + 1);
    return { call };
  }, 'new.status is not null');
  expect((await calling.call).status).toBe(200);
  expect((await seed.ledger()).at(-1)).toMatchObject({ outcome: 'ok', idempotencyKey: 'slow-outcome' });
});

it('a task that two attempts accept at once is one', async () => {
  const idempotencyKey = 'stalled';
  const body = { instruction: 'stalled' };
  const { adminKey: key, databaseUrl } = seed.server;
  const sibling = await seed.server.sibling();
  const headers = { 'idempotency-key': idempotencyKey };
  // The first attempt stands in the database when its claim lapses, and the second one comes.
  await using stall = await stallTable(databaseUrl, 'tasks');
  const first = seed.call('/tasks/run', { body, idempotencyKey, key });
  await expect.poll(() => stall.waiting(), PATIENT).toBe(1);
  await run(
    databaseUrl,
    `update idempotency set working_until = now() where idempotency_key = '${idempotencyKey}'`,
  );
  const second = sibling.call('POST', '/api/v1/tasks/run', { key, body, headers });
  await expect.poll(() => stall.waiting(), PATIENT).toBe(2);
  await stall[Symbol.asyncDispose]();
  const [one, other] = await Promise.all([first, second]);
  await sibling.stop();
  expect([one.status, other.status]).toEqual([202, 202]);
  expect(other.body.task.id).toBe(one.body.task.id);
});

/** Until it is disposed of, nothing can be written into the table. */
async function stallTable(databaseUrl: string, table: string) {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`begin; lock table ${table} in share mode`);
  let isOver = false;
  return {
    /** How many insertions wait for it. */
    waiting: async () => {
      const [found] = await rowsOf(
        databaseUrl,
        `select count(*)::int as n from pg_stat_activity
         where wait_event_type = 'Lock' and datname = current_database() and query ~ 'insert into "?${table}"?[ (]'`,
      );
      return found?.['n'];
    },
    async [Symbol.asyncDispose]() {
      if (isOver) return;
      isOver = true;
      await client.query('rollback');
      await client.end();
    },
  };
}

describe('every order of failures', () => {
  const fault = fc.constantFrom('none', 'cut', 'refuse', 'no row');
  const call = fc.record({
    kind: fc.constantFrom('/items', '/mails', '/shop/orders', '/shop/payments'),
    idempotencyKey: fc.constantFrom('one', 'two'),
    fault,
  });

  it('leaves for each effect a row that claims it or says unknown, and none for what was not done', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 5 }), async (calls) => {
        round += 1;
        const key = (name: string, kind: string) => `${round}-${name}-${kind}`;
        const before = { mails: seed.mails.length, items: (await seed.items()).length, asked: asked() };
        const rows = await rowsOfWork(async () => {
          for (const { kind, idempotencyKey, fault } of calls)
            await faulty(kind, key(idempotencyKey, kind), fault);
        });
        const kinds = ['items add', 'mails send', 'orders create', 'payments create'];
        const claims = (command: string) =>
          new Set(
            rows
              .filter((row) => row.command === command && (row.changes !== null || row.outcome === 'unknown'))
              .map((row) => row.idempotencyKey),
          );
        const [items, mails, orders, payments] = kinds.map(claims);
        const since = seed.platform.asked.slice(before.asked);
        const done = (path: string) =>
          since.filter((request) => request.path === path && request.body !== undefined);
        // Without a fault that hides it, each key that did something has one row, and each effect a key.
        const added = (await seed.items()).length - before.items;
        const sent = seed.mails.length - before.mails;
        expect(sent).toBe(mails?.size);
        expect(added).toBe(
          (items?.size ?? 0) + rows.filter((row) => row.command === 'mails send' && row.changes !== null).length,
        );
        expect(
          new Set(done('/payments').map(({ headers }) => headers['idempotency-key'])).size,
        ).toBeGreaterThanOrEqual(payments?.size ?? 0);
        expect(done('/orders').length).toBeGreaterThanOrEqual(orders?.size ?? 0);
        expect(rows.every((row) => row.outcome !== 'unknown' || row.changes === null)).toBe(true);
      }),
      { numRuns: 12, seed: 20_261_129 },
    );
  });

  async function faulty(path: string, idempotencyKey: string, fault: string): Promise<void> {
    if (path === '/mails' && (fault === 'cut' || fault === 'refuse')) seed.mailsDo.push(fault);
    if (path.startsWith('/shop') && fault === 'cut') seed.platform.behave(cut, cut);
    if (path.startsWith('/shop') && fault === 'refuse') seed.platform.behave(answers(422));
    const name = path === '/items' && fault === 'refuse' ? 'refused' : 'x';
    const call = async () => {
      const { status } = await seed.call(path, { idempotencyKey, body: path === '/items' ? { name } : {} });
      expect([200, 409, 500, 502, 503, 400]).toContain(status);
    };
    await (fault === 'no row' ? seed.withoutRows(call) : call());
    seed.mailsDo.splice(0);
  }
});
