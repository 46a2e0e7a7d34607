// The commands of operations on a real database, without a sandbox.
import { type OpenPack, openPack } from 'seed/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let operations: OpenPack;
beforeAll(async () => {
  operations = await openPack(new URL('./pack.ts', import.meta.url));
  await operations.loadSamples();
});
afterAll(() => operations[Symbol.asyncDispose]());

describe('health check', () => {
  const statusOf = async (environment: string) =>
    (await operations.call('health check', { environment })).health.status;

  it.each([
    ['production-us', 'healthy'],
    ['production-eu', 'failing'],
    ['production-ap', 'unknown'],
    ['preview-214', 'unknown'],
    ['docs', 'healthy'],
  ])('%s is %s', async (environment, status) => {
    expect(await statusOf(environment)).toBe(status);
  });

  it('believes a check for 15 minutes', async () => {
    operations.clock.advance(14 * 60_000);
    const fresh = await statusOf('production-eu');
    operations.clock.advance(60_001);
    const stale = await statusOf('production-eu');
    operations.clock.advance(-15 * 60_000 - 1);
    expect([fresh, stale]).toEqual(['failing', 'unknown']);
  });
});

it('lists what is retired only when asked', async () => {
  const ids = async (input: object) =>
    (await operations.call('environments list', input)).items.map(({ id }: { id: string }) => id);
  expect(await ids({})).not.toContain('legacy');
  expect(await ids({ retired: true })).toContain('legacy');
});

describe('logs tail', () => {
  it.each([
    ['production-eu', 50, 50],
    ['staging', 50, 12],
    ['production-eu', 200, 120],
  ])('%s, %i lines: %i, the newest last', async (environment, lines, count) => {
    const { items } = await operations.call('logs tail', { environment, lines });
    expect(items).toHaveLength(count);
    expect(items.at(-1).level).toBe('error');
    const times = items.map(({ at }: { at: string }) => at);
    expect(times).toEqual(times.toSorted());
  });

  it('cuts what is too long', async () => {
    await operations.sql(`update logs set message = repeat('x', 100000) where environment_id = 'qa'`);
    const { items } = await operations.call('logs tail', { environment: 'qa' });
    expect(Math.max(...items.map(({ message }: { message: string }) => message.length))).toBe(500);
  });
});

describe('incidents create', () => {
  const report = { title: 'It fails', severity: 'high', summary: 'Everything' };

  it('reports an outage once', async () => {
    const { incident } = await operations.call('incidents create', { environment: 'staging', ...report });
    await expect(operations.call('incidents create', { environment: 'staging', ...report })).rejects.toMatchObject(
      { code: 'conflict' },
    );
    expect(await operations.call('incidents get', { id: incident.id })).toEqual({ incident });
    await operations.sql(`update incidents set status = 'resolved' where environment_id = 'staging'`);
    await operations.call('incidents create', { environment: 'staging', ...report });
  });
});

it('shows another account nothing and lets it report nothing', async () => {
  const other = await operations.otherAccount();
  for (const list of ['environments list', 'deployments list', 'incidents list']) {
    expect(await other.call(list)).toEqual({ items: [], nextCursor: null });
  }
  const [{ id }] = (await operations.call('incidents list')).items;
  const foreign: [string, object][] = [
    ['health check', { environment: 'production-eu' }],
    ['logs tail', { environment: 'production-eu' }],
    ['incidents get', { id }],
    ['incidents create', { environment: 'qa', title: 'a', severity: 'low', summary: 'b' }],
  ];
  for (const [command, input] of foreign) {
    await expect(other.call(command, input)).rejects.toMatchObject({ code: 'not_found' });
  }
});
