// Schedules on a server whose clock the test moves: what is due, what becomes of it, and for whom it runs.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SCHEDULE_LIMITS } from '../../src/protocol/schedule-limits.ts';
import { run as execute, rowsOf } from '../fixtures/database.ts';
import { type AnyBody, startTestServer, type TestServer } from '../fixtures/server.ts';

/** A Monday; an hour a test. */
let now = new Date('2027-03-01T06:30:00Z').getTime();
const clock = { now: () => new Date(now) };
let server: TestServer;
const MINUTE = 60_000;
/** On a machine that does much else. */
const SOON = { timeout: 60_000 };

beforeAll(async () => {
  server = await startTestServer({}, undefined, clock);
});
afterAll(() => server?.stop());

const TASK = { instruction: 'look around', scopes: ['keys:read'] };

async function create(more: object, key?: string): Promise<AnyBody> {
  const body = { name: crypto.randomUUID(), cron: '0 * * * *', task: TASK, ...more };
  const answer = await server.call('POST', '/api/v1/schedules', { body, ...(key && { key }) });
  expect(answer.body).toMatchObject({ schedule: { status: 'active' } });
  expect(answer.status).toBe(201);
  return answer.body.schedule;
}

const refused = async (more: object, key?: string) => {
  const body = { name: crypto.randomUUID(), cron: '0 * * * *', task: TASK, ...more };
  return (await server.call('POST', '/api/v1/schedules', { body, ...(key && { key }) })).body.error;
};

const get = async (id: string) => (await server.call('GET', `/api/v1/schedules/${id}`)).body.schedule;
const runsOf = async (id: string, limit = 100): Promise<AnyBody[]> =>
  (await server.call('GET', `/api/v1/schedules/${id}/runs?limit=${limit}`)).body.items;
const act = (id: string, what: string) => server.call('POST', `/api/v1/schedules/${id}/${what}`, { body: {} });
const eventsOf = async (id: string) =>
  rowsOf(
    server.databaseUrl,
    `select type, data from webhook_events where data ->> 'scheduleId' = '${id}' order by created_at, type`,
  );

/** All servers look what is due. */
const poke = () => rowsOf(server.databaseUrl, `select pg_notify('seed', 'schedules')`);

async function moveTo(moment: string | number): Promise<void> {
  now = new Date(moment).getTime();
  await poke();
}

const nextHour = () => Math.floor(now / 3_600_000) * 3_600_000 + 3_600_000;

/** Until the newest runs of the schedule are so, newest first. */
async function become(id: string, expected: object[]): Promise<AnyBody[]> {
  const newest = async () => (await runsOf(id)).slice(0, expected.length);
  await expect.poll(newest, SOON).toMatchObject(expected);
  return runsOf(id);
}

test('a task is started when it is due, once, with the scopes it was given', async () => {
  const schedule = await create({ cron: '0 7 * * *', timezone: 'Europe/Berlin' });
  expect(schedule).toMatchObject({ cron: '0 7 * * *', timezone: 'Europe/Berlin', command: null, lastRun: null });
  expect(schedule.upcoming).toEqual([
    '2027-03-02T06:00:00.000Z',
    '2027-03-03T06:00:00.000Z',
    '2027-03-04T06:00:00.000Z',
    '2027-03-05T06:00:00.000Z',
    '2027-03-06T06:00:00.000Z',
  ]);
  await moveTo('2027-03-02T06:00:01Z');
  const [run] = await become(schedule.id, [{ status: 'started', scheduledFor: '2027-03-02T06:00:00.000Z' }]);
  const { body } = await server.call('GET', `/api/v1/tasks/${run.taskId}`);
  expect(body.task).toMatchObject({
    status: 'queued',
    instruction: 'look around',
    scopes: { effective: ['keys:read'] },
    keyId: schedule.keyId,
  });
  await server.call('POST', `/api/v1/tasks/${run.taskId}/stop`, { body: {} });
  await become(schedule.id, [{ status: 'stopped', taskId: run.taskId }]);
  expect(await get(schedule.id)).toMatchObject({ failures: 0, lastRun: { status: 'stopped' } });
  expect((await act(schedule.id, 'pause')).status).toBe(200);
});

test('two servers: each due time has one run', { timeout: 180_000 }, async () => {
  const other = await server.sibling();
  try {
    const input = { name: 'made by the clock', scopes: ['keys:read'] };
    const schedule = await create({ cron: '* * * * *', task: undefined, command: 'keys create', input });
    for (let minute = 1; minute <= 20; minute += 1) {
      now = Math.floor(now / MINUTE) * MINUTE + MINUTE;
      await Promise.all([poke(), poke()]);
      await expect
        .poll(async () => (await runsOf(schedule.id)).filter(({ status }) => status === 'succeeded').length, SOON)
        .toBe(minute);
    }
    await act(schedule.id, 'pause');
    const runs = await runsOf(schedule.id);
    expect(new Set(runs.map(({ scheduledFor }) => scheduledFor)).size).toBe(20);
    expect(runs).toHaveLength(20);
    const keys = await rowsOf(server.databaseUrl, `select id from keys where name = 'made by the clock'`);
    expect(keys).toHaveLength(20);
  } finally {
    await other.stop();
  }
});

test('overlap: skipped, queued one deep, or the one before stopped', async () => {
  const [skip, queue, stop] = await Promise.all(['skip', 'queue', 'stop'].map((overlap) => create({ overlap })));
  await moveTo(nextHour());
  const begun = async ({ id }: AnyBody) => (await become(id, [{ status: 'started' }]))[0];
  const [first, queued, stopped] = [await begun(skip), await begun(queue), await begun(stop)];
  await moveTo(nextHour());
  await become(skip.id, [{ status: 'skipped', reason: { code: 'overlap' } }, { status: 'started' }]);
  await become(queue.id, [{ status: 'waiting' }, { status: 'started' }]);
  await become(stop.id, [{ status: 'started' }, { status: 'stopped', taskId: stopped.taskId }]);
  await moveTo(nextHour());
  await become(queue.id, [{ status: 'skipped', reason: { message: /waited already/ } }, {}, {}].map(looseReason));
  await server.call('POST', `/api/v1/tasks/${queued.taskId}/stop`, { body: {} });
  await become(queue.id, [{ status: 'skipped' }, { status: 'started' }, { status: 'stopped' }]);
  expect((await server.call('GET', `/api/v1/tasks/${first.taskId}`)).body.task.status).toBe('queued');
  await Promise.all([skip, queue, stop].map(({ id }) => act(id, 'pause')));
});

const looseReason = (run: AnyBody) =>
  run.reason ? { ...run, reason: { message: expect.stringMatching(run.reason.message) } } : run;

test('after downtime nothing, or the last one, and every due time is told of', async () => {
  const [none, last, dense] = await Promise.all([
    create({}),
    create({ catchUp: 'last' }),
    create({ cron: '*/5 * * * *' }),
  ]);
  const from = nextHour();
  await moveTo(from + 3 * 3_600_000 + 10 * MINUTE);
  const missed = { status: 'skipped', reason: { code: 'missed' } };
  await become(none.id, [missed, missed, missed, missed]);
  await become(last.id, [{ status: 'started' }, missed, missed, missed]);
  // On time is what is at most five minutes late.
  const runs = await become(dense.id, [{ status: 'started' }, missed]);
  expect(runs.map(({ scheduledFor }) => Date.parse(scheduledFor))).toEqual(
    runs.map((_, index) => Date.parse(runs[0].scheduledFor) - index * 5 * MINUTE),
  );
  await moveTo(now + 30 * 86_400_000 + MINUTE);
  await expect.poll(() => runsOf(dense.id), SOON).toHaveLength(100);
  await expect
    .poll(
      () =>
        rowsOf(
          server.databaseUrl,
          `select 1 from schedule_runs where schedule_id = '${dense.id}' and through is not null`,
        ),
      SOON,
    )
    .toHaveLength(1);
  const rows = await rowsOf(
    server.databaseUrl,
    `select scheduled_for as at, through from schedule_runs where schedule_id = '${dense.id}' order by scheduled_for`,
  );
  // No due time is without a run or a skip that stands for it.
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1] as AnyBody;
    if (before) expect((row as AnyBody).at - (before.through ?? before.at)).toBe(5 * MINUTE);
  }
  await Promise.all([none, last, dense].map(({ id }) => act(id, 'pause')));
});

test.each([
  ['revoked', 'key_revoked', (id: string) => server.call('POST', `/api/v1/keys/${id}/revoke`, { body: {} })],
  [
    'disabled',
    'key_disabled',
    (id: string) => server.call('PATCH', `/api/v1/keys/${id}`, { body: { enabled: false } }),
  ],
  [
    'expired',
    'key_expired',
    (id: string) => execute(server.databaseUrl, `update keys set expires_at = '2027-01-01' where id = '${id}'`),
  ],
  [
    'given fewer tasks',
    'authority_narrowed',
    (id: string) => server.call('PATCH', `/api/v1/keys/${id}`, { body: { concurrentTasks: 1 } }),
  ],
  [
    'given limits',
    'authority_narrowed',
    (id: string) =>
      server.call('PATCH', `/api/v1/keys/${id}`, { body: { limits: [{ scope: 'keys:read', calls: 1 }] } }),
  ],
  [
    'given fewer models',
    'authority_narrowed',
    (id: string) => server.call('PATCH', `/api/v1/keys/${id}`, { body: { allowedModels: ['scripted'] } }),
  ],
  [
    'given less to spend',
    'authority_narrowed',
    (id: string) => server.call('PATCH', `/api/v1/keys/${id}`, { body: { spendPerDay: 1 } }),
  ],
  [
    'given fewer scopes',
    'authority_narrowed',
    (id: string) =>
      execute(server.databaseUrl, `update keys set scopes = '{tasks:write,schedules:*}' where id = '${id}'`),
  ],
])('its key is %s: paused with %s, and the account hears of it', async (_what, code, narrow) => {
  const key = await server.newKey(['tasks:write', 'schedules:*', 'keys:read'], { expiresIn: '3650d' });
  const schedule = await create({}, key.secret);
  await narrow(key.id);
  await moveTo(nextHour());
  await become(schedule.id, [{ status: 'failed', taskId: null, reason: { code } }]);
  const paused = await get(schedule.id);
  expect(paused).toMatchObject({ status: 'paused', pauseReason: { code }, upcoming: [] });
  expect(await eventsOf(schedule.id)).toMatchObject([
    { type: 'schedule.failed', data: { code, taskId: null } },
    { type: 'schedule.paused', data: { reason: code, keyId: key.id } },
  ]);
  // Whoever resumes it gives it an authority that it may have.
  const resumed = (await act(schedule.id, 'resume')).body.schedule;
  expect(resumed).toMatchObject({ status: 'active', failures: 0, pauseReason: null });
  expect(resumed.keyId).not.toBe(key.id);
  await server.call('DELETE', `/api/v1/schedules/${schedule.id}`);
});

test('a key that is given more, or is used from elsewhere, goes on', async () => {
  const key = await server.newKey(['tasks:write', 'schedules:*', 'keys:read'], {
    expiresIn: '3650d',
    concurrentTasks: 3,
  });
  const schedule = await create({}, key.secret);
  await server.call('PATCH', `/api/v1/keys/${key.id}`, {
    body: { concurrentTasks: 5, allowedCidrs: ['10.0.0.0/8'], requestsPerMinute: 1 },
  });
  await moveTo(nextHour());
  await become(schedule.id, [{ status: 'started' }]);
  await act(schedule.id, 'pause');
});

test('what is refused for now is tried again, and at last told as an error', async () => {
  const key = await server.newKey(['tasks:write', 'schedules:*', 'keys:read'], {
    expiresIn: '3650d',
    concurrentTasks: 1,
  });
  const [one, two, three] = [
    await create({}, key.secret),
    await create({}, key.secret),
    await create({}, key.secret),
  ];
  await moveTo(nextHour());
  const all = async () => (await Promise.all([one, two, three].map(({ id }) => runsOf(id)))).flat();
  const withStatus = (status: string) => async () => (await all()).filter((run) => run.status === status);
  await expect.poll(withStatus('started'), SOON).toHaveLength(1);
  await expect
    .poll(withStatus('starting'), SOON)
    .toMatchObject([{ reason: { code: 'too_many_tasks' } }, { reason: { code: 'too_many_tasks' } }]);
  const [begun] = await withStatus('started')();
  await server.call('POST', `/api/v1/tasks/${begun.taskId}/stop`, { body: {} });
  await moveTo(now + 5 * MINUTE);
  await expect.poll(withStatus('started'), SOON).toHaveLength(1);
  await moveTo(now + SCHEDULE_LIMITS.scheduleRetryMs);
  await expect.poll(withStatus('failed'), SOON).toMatchObject([{ reason: { code: 'too_many_tasks' } }]);
  await Promise.all([one, two, three].map(({ id }) => act(id, 'pause')));
});

test('failed runs in a row pause it', async () => {
  // There is no such key, so each call is refused.
  const schedule = await create({
    ...{ cron: '* * * * *', task: undefined, command: 'keys update', maxFailures: 3 },
    input: { id: crypto.randomUUID(), name: 'x' },
  });
  for (let minute = 1; minute <= 3; minute += 1) {
    await moveTo(Math.floor(now / MINUTE) * MINUTE + MINUTE);
    await expect
      .poll(async () => (await runsOf(schedule.id)).filter(({ status }) => status === 'failed'), SOON)
      .toHaveLength(minute);
  }
  expect(await get(schedule.id)).toMatchObject({ status: 'paused' });
});

test('once, at runAt; then it has ended, and another time makes it active again', async () => {
  const runAt = new Date(now + 90_000).toISOString();
  const schedule = await create({ cron: undefined, runAt });
  expect(schedule.upcoming).toEqual([runAt]);
  await moveTo(now + 91_000);
  await become(schedule.id, [{ status: 'started', scheduledFor: runAt }]);
  expect(await get(schedule.id)).toMatchObject({ status: 'ended', upcoming: [] });
  const later = new Date(now + 86_400_000).toISOString();
  const changed = await server.call('PATCH', `/api/v1/schedules/${schedule.id}`, { body: { runAt: later } });
  expect(changed.body.schedule).toMatchObject({ status: 'active', runAt: later, cron: null });
  await server.call('DELETE', `/api/v1/schedules/${schedule.id}`);
  expect((await server.call('GET', `/api/v1/schedules/${schedule.id}`)).status).toBe(404);
});

test('run now: at once, also when it is paused, by its own rules', async () => {
  const schedule = await create({});
  await act(schedule.id, 'pause');
  expect(await eventsOf(schedule.id)).toMatchObject([{ type: 'schedule.paused', data: { reason: 'asked' } }]);
  expect(await act(schedule.id, 'run')).toMatchObject({
    status: 202,
    body: { run: { manual: true, status: 'due' } },
  });
  await become(schedule.id, [{ status: 'started', manual: true }]);
  await act(schedule.id, 'run');
  await become(schedule.id, [{ status: 'skipped', reason: { code: 'overlap' } }, { status: 'started' }]);
});

test('jitter starts each run a little later, always as much', async () => {
  const schedule = await create({ jitter: '10m' });
  const due = nextHour();
  const [row] = await rowsOf(
    server.databaseUrl,
    `select next_at, starts_at from schedules where id = '${schedule.id}'`,
  );
  const starts = (row as AnyBody).starts_at.getTime();
  expect((row as AnyBody).next_at.getTime()).toBe(due);
  expect(starts).toBeGreaterThanOrEqual(due);
  expect(starts).toBeLessThan(due + 10 * MINUTE);
  await moveTo(starts - 1);
  await moveTo(starts);
  await become(schedule.id, [{ status: 'started', scheduledFor: new Date(due).toISOString() }]);
  await act(schedule.id, 'pause');
});

test('many at one time: so many tasks of an account at once, and another account does not wait for them', {
  timeout: 120_000,
}, async () => {
  const { body } = await server.call('POST', '/api/v1/accounts', { body: { name: 'Other' } });
  const most = SCHEDULE_LIMITS.scheduledTasksPerAccount;
  const like = await create({ catchUp: 'last' });
  const made = (await rowsOf(
    server.databaseUrl,
    `insert into schedules select (jsonb_populate_record(schedules, jsonb_build_object('id', gen_random_uuid(), 'name', n::text))).*
     from schedules, generate_series(1, ${most + 20}) as n where id = '${like.id}' returning id`,
  )) as { id: string }[];
  await server.call('DELETE', `/api/v1/schedules/${like.id}`);
  const other = await create({ task: { instruction: 'x' } }, body.secret);
  await execute(server.databaseUrl, `update schedule_runs set status = 'stopped' where status = 'started'`);
  await moveTo(nextHour());
  const begunOf = async (ids: string[]) =>
    (
      await rowsOf(
        server.databaseUrl,
        `select status, is_task from schedule_runs where schedule_id in (${ids.map((id) => `'${id}'`).join()}) and status = 'started'`,
      )
    ).length;
  await expect.poll(() => begunOf([other.id]), SOON).toBe(1);
  const ids = made.map(({ id }) => id);
  await expect.poll(() => begunOf(ids), SOON).toBe(most);
  const [first] = await rowsOf(
    server.databaseUrl,
    `select id from schedule_runs where status = 'started' and schedule_id = '${ids[0]}'`,
  );
  if (first) await server.call('POST', `/api/v1/tasks/${(first as AnyBody).id}/stop`, { body: {} });
  await poke();
  const ended = async () =>
    (
      await rowsOf(
        server.databaseUrl,
        `select 1 from schedule_runs where status in ('started', 'stopped') and schedule_id in (${ids.map((id) => `'${id}'`).join()})`,
      )
    ).length;
  if (first) await expect.poll(ended, SOON).toBe(most + 1);
  await execute(
    server.databaseUrl,
    `delete from schedules where id in (${[...ids, other.id].map((id) => `'${id}'`).join()})`,
  );
});

test('newer tz data: times are reckoned anew at a start; a zone or command that is gone pauses', async () => {
  const [moved, gone, lost] = await Promise.all([
    create({ cron: '0 7 * * *', timezone: 'Europe/Berlin' }),
    create({}),
    create({ task: undefined, command: 'obs summary' }),
  ]);
  const set = (id: string, what: string) =>
    execute(server.databaseUrl, `update schedules set ${what} where id = '${id}'`);
  await set(
    moved.id,
    `tz_data = '1999a', next_at = next_at + interval '1 hour', starts_at = starts_at + interval '1 hour'`,
  );
  await set(gone.id, `tz_data = '1999a', timezone = 'Mars/Olympus'`);
  await set(lost.id, `command = 'moons list'`);
  const other = await server.sibling();
  await other.stop();
  const [row] = await rowsOf(
    server.databaseUrl,
    `select next_at, tz_data from schedules where id = '${moved.id}'`,
  );
  expect(row).toEqual({ next_at: new Date(moved.upcoming[0]), tz_data: process.versions.tz });
  expect(await get(gone.id)).toMatchObject({
    status: 'paused',
    pauseReason: { code: 'invalid_input', message: expect.stringMatching(/Mars/) },
  });
  await moveTo(nextHour());
  await become(lost.id, [{ status: 'failed', reason: { code: 'not_found' } }]);
  expect(await get(lost.id)).toMatchObject({ status: 'paused', pauseReason: { code: 'not_found' } });
  await act(moved.id, 'pause');
});

test('a task of a key may read, pause and delete schedules, and not make or run them', async () => {
  const schedule = await create({});
  const posted = await server.call('POST', '/api/v1/tasks/run', {
    body: { instruction: 'x', scopes: ['schedules:*', 'tasks:*'] },
  });
  await execute(
    server.databaseUrl,
    `update tasks set status = 'stopped', completed_at = now() where status = 'queued' and id <> '${posted.body.task.id}'`,
  );
  await execute(
    server.databaseUrl,
    `delete from pgboss.job where data::text not like '%${posted.body.task.id}%' and id::text <> '${posted.body.task.id}'`,
  );
  const lease = await server.runner().lease();
  expect(lease.taskId).toBe(posted.body.task.id);
  const as = (method: string, path: string, body?: object) =>
    server.call(method, `/api/v1/schedules${path}`, { key: lease.taskKey, ...(body && { body }) });
  const body = { name: 'mine', cron: '@daily', task: { instruction: 'x' } };
  expect((await as('POST', '', body)).body.error.code).toBe('not_allowed');
  expect((await as('POST', `/${schedule.id}/run`, {})).body.error.code).toBe('not_allowed');
  expect((await as('PATCH', `/${schedule.id}`, { cron: '@hourly' })).body.error.code).toBe('not_allowed');
  expect((await as('GET', `/${schedule.id}`)).status).toBe(200);
  expect((await as('POST', `/${schedule.id}/pause`, {})).body.schedule.status).toBe('paused');
  expect((await as('POST', `/${schedule.id}/resume`, {})).body.error.code).toBe('not_allowed');
  expect((await as('DELETE', `/${schedule.id}`)).status).toBe(200);
});

test('what is refused, and what to do', async () => {
  const cases: [object, string, RegExp][] = [
    [{ cron: '0 0 30 2 *' }, 'invalid_input', /never comes/],
    [{ cron: '* * * * * *' }, 'invalid_input', /five/],
    [{ timezone: 'Mars/Olympus' }, 'invalid_input', /no time zone/],
    [{ cron: undefined }, 'invalid_input', /one of the two/],
    [{ runAt: '2030-01-01T00:00:00Z' }, 'invalid_input', /one of the two/],
    [{ cron: undefined, runAt: '2020-01-01T00:00:00Z' }, 'invalid_input', /in the past/],
    [{ command: 'obs costs' }, 'invalid_input', /one of the two/],
    [{ task: undefined }, 'invalid_input', /one of the two/],
    [{ task: { ...TASK, files: [] } }, 'invalid_input', /files/],
    [{ task: { ...TASK, scopes: ['moons:read'] } }, 'unknown_scope', /moons/],
    [{ task: { ...TASK, model: 'nobody/knows' } }, 'unknown_model', /nobody/],
    [{ task: { instruction: ' ' } }, 'invalid_input', /empty/],
    [{ task: undefined, command: 'moons list' }, 'invalid_input', /no command/],
    [{ task: undefined, command: 'tasks run' }, 'invalid_input', /what `task` is for/],
    [{ task: undefined, command: 'schedules list' }, 'invalid_input', /schedules themselves/],
    [{ task: undefined, command: 'keys create', input: {} }, 'invalid_input', /name/],
    [{ task: undefined, command: 'obs costs', overlap: 'stop' }, 'invalid_input', /cannot be stopped/],
    [{ cron: '*/5 * * * *', jitter: '5m' }, 'invalid_input', /due again/],
    [{ jitter: '2h' }, 'invalid_input', /jitter/],
  ];
  for (const [more, code, message] of cases) {
    const error = await refused(more);
    expect(error, JSON.stringify(more)).toMatchObject({ code });
    expect(error.message).toMatch(message);
  }
  const key = await server.newKey(['tasks:write', 'schedules:*']);
  expect(await refused({}, key.secret)).toMatchObject({
    code: 'missing_scope',
    message: expect.stringMatching(/keys:read/),
  });
  const poor = await server.newKey(['schedules:*']);
  expect(await refused({}, poor.secret)).toMatchObject({ code: 'missing_scope' });
  const { name, id } = await create({});
  expect(await refused({ name })).toMatchObject({ code: 'conflict' });
  const stranger = await server.call('POST', '/api/v1/accounts', { body: { name: 'Stranger' } });
  expect((await server.call('GET', `/api/v1/schedules/${id}`, { key: stranger.body.secret })).status).toBe(404);
  expect(
    (await server.call('POST', `/api/v1/schedules/${id}/run`, { key: stranger.body.secret, body: {} })).status,
  ).toBe(404);
  await act(id, 'pause');
});
