// Gauges that /metrics reads from the database: what waits, what runs, and what the runners say of themselves.
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunnerState } from '../../src/protocol/runner.ts';
import { type ScrapedServer, startScrapedServer } from '../fixtures/scrape.ts';
import { until } from '../fixtures/seed.ts';

let server: ScrapedServer;
beforeAll(async () => {
  server = await startScrapedServer();
});
afterAll(() => server?.stop());
const pool = { size: 4, ready: 3, memoryBytes: 4_096, memoryLimitBytes: 8_192, maxAgeMs: 1_000 };

it('they say what waits and what runners have, the same on every server, while counters are each server’s own', async () => {
  const state: Partial<RunnerState> = { driver: 'gvisor', slots: 5, freeSlots: 1, pool };
  const runner = server.runner(state);
  await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'first' } });
  await runner.lease();
  await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'second' } });
  const sibling = await server.sibling();
  try {
    const [here, there] = [await server.scrape(), await server.scrape(sibling.url)];
    for (const { sum } of [here, there]) {
      expect(sum('seed_tasks', { status: 'queued' })).toBe(1);
      expect(sum('seed_tasks', { status: 'running' })).toBe(1);
      expect(sum('seed_task_queue_oldest_seconds')).toBeGreaterThan(0);
      expect(sum('seed_runners', { driver: 'gvisor' })).toBe(1);
      expect(sum('seed_runner_slots', { driver: 'gvisor' })).toBe(5);
      expect(sum('seed_pool_sandboxes_ready', { driver: 'gvisor' })).toBe(3);
      expect(sum('seed_database_up')).toBe(1);
    }
    expect(here.sum('seed_tasks_accepted_total')).toBe(2);
    expect(there.sum('seed_tasks_accepted_total')).toBe(0);
    for (const [name, { help }] of here.families)
      if (/^seed_(tasks|task_queue_oldest_seconds|runner.*|pool.*)$/.test(name) && !name.endsWith('_total'))
        expect(help).toContain('the same on every server');
  } finally {
    await sibling.stop();
  }
});

it('they are left out while the database does not answer, and the scrape goes on', async () => {
  const sibling = await server.sibling();
  const locker = new Client({ connectionString: server.databaseUrl });
  await locker.connect();
  try {
    await locker.query('begin; lock table tasks in access exclusive mode');
    const stuck = await server.scrape(sibling.url);
    expect(stuck.sum('seed_database_up')).toBe(0);
    expect(stuck.families.get('seed_tasks')?.samples).toEqual([]);
    expect(stuck.sum('process_resident_memory_bytes')).toBeGreaterThan(0);
    await locker.query('rollback');
    await until('the gauges are back', async () => (await server.scrape(sibling.url)).sum('seed_database_up'));
    expect((await server.scrape(sibling.url)).sum('seed_tasks')).toBe(2);
  } finally {
    await locker.end();
    await sibling.stop();
  }
});
