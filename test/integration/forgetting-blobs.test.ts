// The bytes of what is forgotten, in a bucket: removed at once, or as soon as the bucket answers again, by whichever
// server there is then; and not while another task has the same.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Task } from '../../src/protocol/task.ts';
import { rowsOf } from '../fixtures/database.ts';
import { type S3Server, startS3 } from '../fixtures/s3-server.ts';
import { until } from '../fixtures/seed.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

let s3: S3Server;
let server: TestServer;
let runner: TestRunner;
beforeAll(async () => {
  s3 = await startS3();
  server = await startTestServer({ files: { s3: s3.settings, retentionDays: null } });
  runner = server.runner({ continues: true, slots: 5, freeSlots: 5 });
});
afterAll(async () => {
  await server?.stop();
  await s3?.close();
});

const FILES = [{ name: 'in.txt', content: Buffer.from('given').toString('base64') }];

async function ended(path = '/tasks/run', files: object[] = FILES): Promise<Task> {
  const { body } = await server.call('POST', `/api/v1${path}`, { body: { instruction: 'begin', files } });
  const lease = await runner.lease();
  const headers = { 'seed-lease': lease.leaseId, 'seed-batch': '1' };
  await runner.post(`/tasks/${body.task.id}/events`, `${JSON.stringify({ type: 'text', text: 'x' })}\n`, headers);
  await runner.put(lease, 'out.txt', 'made');
  await runner.settle(lease);
  return body.task;
}
const forget = (id: string, body: object = {}) => server.call('DELETE', `/api/v1/tasks/${id}`, { body });

it('go from the bucket with the task', async () => {
  const { id } = await ended();
  expect(s3.objects.size).toBe(2);
  expect((await forget(id)).body.forgotten).toBe(1);
  expect(s3.objects.size).toBe(0);
});

it('are removed by the next server where the bucket did not answer, or the server was killed in between', async () => {
  const { id } = await ended();
  s3.trouble = 1_000;
  expect((await forget(id)).status).toBe(200);
  expect(s3.objects.size).toBe(2);
  const named = () => rowsOf(server.databaseUrl, 'select id from blobs');
  expect(await named()).toHaveLength(2);
  s3.trouble = 0;
  const next = await server.sibling();
  await until('they are gone', () => s3.objects.size === 0);
  await until('nothing names them', async () => (await named()).length === 0);
  await next.stop();
});

it('stay as long as another task of the conversation was given them again', async () => {
  const first = await ended();
  const second = await ended(`/tasks/${first.id}/continue`, []);
  expect(s3.objects.size).toBe(3);
  expect((await forget(first.id)).body.error.code).toBe('still_needed');
  expect(s3.objects.size).toBe(3);
  expect((await forget(second.id, { conversation: true })).body.forgotten).toBe(2);
  expect(s3.objects.size).toBe(0);
});
