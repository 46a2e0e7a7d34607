// A command of an example pack that the pack wants called every morning: an account switches it on, and no other
// clock is needed.
import { expect, test } from 'vitest';
import { rowsOf } from '../fixtures/database.ts';
import { startTestServer, withExamples } from '../fixtures/server.ts';

test('the CRM marks overdue subscriptions every morning, for the key that switched it on', async () => {
  let now = Date.parse('2027-03-01T06:30:00Z');
  const server = await startTestServer({ packs: withExamples('crm') }, undefined, { now: () => new Date(now) });
  try {
    await server.call('POST', '/api/v1/packs/crm/samples', { body: {} });
    const overdue = `select id from pack_crm.subscriptions where status = 'past_due'`;
    const before = (await rowsOf(server.databaseUrl, overdue)).length;
    const poor = await server.newKey(['schedules:*']);
    const enable = (key?: string) =>
      server.call('POST', '/api/v1/schedules/enable', { body: { pack: 'crm' }, ...(key && { key }) });
    expect((await enable(poor.secret)).body.error).toMatchObject({ code: 'missing_scope' });
    const [schedule] = (await enable()).body.schedules;
    expect(schedule).toMatchObject({
      name: 'subscriptions mark-overdue',
      command: 'subscriptions mark-overdue',
      cron: '0 7 * * *',
      timezone: 'UTC',
    });
    // Again: the same one, with the times of the pack.
    await server.call('PATCH', `/api/v1/schedules/${schedule.id}`, { body: { cron: '@hourly' } });
    expect((await enable()).body.schedules).toMatchObject([{ id: schedule.id, cron: '0 7 * * *' }]);
    now = Date.parse('2027-03-02T07:00:01Z');
    await rowsOf(server.databaseUrl, `select pg_notify('seed', 'schedules')`);
    const runs = async () => (await server.call('GET', `/api/v1/schedules/${schedule.id}/runs`)).body.items;
    await expect.poll(runs, { timeout: 20_000 }).toMatchObject([
      { status: 'succeeded', taskId: null },
      { status: 'skipped', reason: { code: 'missed' } },
    ]);
    expect((await rowsOf(server.databaseUrl, overdue)).length).toBeGreaterThan(before);
    const events = await rowsOf(
      server.databaseUrl,
      `select 1 from webhook_events where type = 'subscription.overdue'`,
    );
    expect(events.length).toBeGreaterThan(0);
    expect((await server.call('POST', '/api/v1/schedules/enable', { body: { pack: 'none' } })).status).toBe(404);
  } finally {
    await server.stop();
  }
});
