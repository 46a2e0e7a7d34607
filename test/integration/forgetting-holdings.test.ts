// Whatever column holdings.ts calls content: once the account's tasks are forgotten, no row has its word any more.
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOLDINGS } from '../../src/server/forgetting/holdings.ts';
import { plantRows, tablesSaying } from '../fixtures/planted-rows.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let database: Client;
beforeAll(async () => {
  server = await startTestServer();
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
});

test('every column that holds content of tasks is emptied with them', async () => {
  const runner = server.runner({ slots: 2, freeSlots: 2 });
  const word = `planted-${randomUUID()}`;
  const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'work' } });
  const lease = await runner.lease();
  await runner.settle(lease);
  const id = body.task.id as string;
  const { rows: keys } = await database.query('select id from keys where task_id = $1', [id]);
  const planted = await plantRows(database, id, String(keys[0]?.id), word);
  const all = Object.entries(HOLDINGS).flatMap(([table, { content }]) =>
    Object.keys(content).map((column) => `${table}.${column}`),
  );
  expect(planted.sort()).toEqual(all.sort());
  const tables = new Set(planted.map((column) => column.slice(0, column.lastIndexOf('.'))));
  expect((await tablesSaying(database, word)).length).toBeGreaterThanOrEqual(tables.size);

  const { body: answer } = await server.call('POST', '/api/v1/tasks/forget', { body: { before: '0m' } });
  expect(answer).toMatchObject({ forgotten: 1, left: 0, kept: { held: 0, needed: 0 } });
  expect(await tablesSaying(database, word)).toEqual([]);
});
