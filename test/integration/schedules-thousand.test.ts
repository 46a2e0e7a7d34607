// A thousand schedules that are due at nine, half of them with jitter, on two servers: each has one run, which has
// one effect. How long they took is printed.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rowsOf } from '../fixtures/database.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const COUNT = 1_000;
const JITTERED = COUNT / 2;
const NINE = Date.parse('2027-03-01T09:00:00Z');
const MINUTE = 60_000;
const SOON = { timeout: 600_000, interval: 1_000 };
let now = NINE - 30 * MINUTE;
let server: TestServer;
let other: Awaited<ReturnType<TestServer['sibling']>>;
beforeAll(async () => {
  server = await startTestServer({}, undefined, { now: () => new Date(now) });
  other = await server.sibling();
});
afterAll(async () => {
  await other?.stop();
  await server?.stop();
});

const counted = async (what: string) =>
  Number((await rowsOf(server.databaseUrl, `select ${what} as n`))[0]?.['n']);
const succeeded = () => counted(`(select count(*) from schedule_runs where status = 'succeeded')`);
async function moveTo(moment: number): Promise<void> {
  now = moment;
  await rowsOf(server.databaseUrl, `select pg_notify('seed', 'schedules')`);
}

it('each has one run and one effect, those with jitter not before their time', { timeout: 1_500_000 }, async () => {
  for (const [jitter, count] of Object.entries({ '0s': COUNT - JITTERED, '10m': JITTERED })) {
    const { status, body } = await server.call('POST', '/api/v1/schedules', {
      body: {
        ...{ name: `like ${jitter}`, cron: '0 9 * * *', jitter, overlap: 'queue' },
        ...{ command: 'keys create', input: { name: 'like', scopes: ['keys:read'] } },
      },
    });
    expect(status).toBe(201);
    await rowsOf(
      server.databaseUrl,
      `insert into schedules select (jsonb_populate_record(schedules, jsonb_build_object('id', gen_random_uuid(),
         'name', '${jitter} ' || n, 'starts_at', next_at,
         'input', input || jsonb_build_object('name', 'of ${jitter} ' || n)))).*
       from schedules, generate_series(1, ${count}) as n where id = '${body.schedule.id}'`,
    );
    await server.call('DELETE', `/api/v1/schedules/${body.schedule.id}`);
  }
  expect(await counted('(select count(*) from schedules)')).toBe(COUNT);

  const begunAt = performance.now();
  await moveTo(NINE);
  await expect.poll(succeeded, SOON).toBeGreaterThanOrEqual(COUNT - JITTERED);
  const seconds = ((performance.now() - begunAt) / 1000).toFixed(1);
  console.log(`${COUNT - JITTERED} schedules due at once ran on two servers in ${seconds} s`);
  // Not one of the others, but those whose jitter is nothing.
  const early = `(select count(*) from schedule_runs where starts_at > '${new Date(NINE).toISOString()}')`;
  expect(await counted(early)).toBe(0);
  await moveTo(NINE + 10 * MINUTE);
  await expect.poll(succeeded, SOON).toBe(COUNT);
  const minutes = `(select count(distinct date_trunc('minute', starts_at)) from schedule_runs join schedules
     on schedules.id = schedule_id where jitter = '10m')`;
  expect(await counted(minutes)).toBeGreaterThanOrEqual(9);
  expect(await counted('(select count(*) from schedule_runs where started_at < starts_at)')).toBe(0);
  expect(await counted('(select count(*) from schedule_runs)')).toBe(COUNT);
  expect(await counted('(select count(distinct schedule_id) from schedule_runs)')).toBe(COUNT);
  const made = `from keys where name like 'of %'`;
  expect(await counted(`(select count(*) ${made})`)).toBe(COUNT);
  expect(await counted(`(select count(distinct name) ${made})`)).toBe(COUNT);
});
