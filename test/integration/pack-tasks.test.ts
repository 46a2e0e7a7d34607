// A pack's command whose work an agent does: it starts a task with the pack's instruction and scopes, and the
// agent's answer is checked against the command's own output.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PackFolder, packFolder } from '../fixtures/pack-folder.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const PACK = `import { defineCommand, definePack, defineTask, z } from 'seed/pack';
const list = defineCommand({
  name: 'notes list', summary: 'List notes', http: 'GET /notes', scope: 'notes:read', effect: 'read',
  input: z.object({}), output: z.object({ ok: z.boolean() }), run: async () => ({ ok: true }),
});
const summarise = defineTask({
  name: 'notes summarise', summary: 'Have an agent summarise notes', http: 'POST /notes/{about}/summarise',
  scope: 'notes:summarise', effect: 'write',
  input: z.object({ about: z.string().max(100), most: z.int().min(1).default(3) }),
  output: z.object({ total: z.int(), words: z.array(z.string()).default([]) }),
  task: ({ about, most }) => ({
    instruction: 'Summarise at most ' + most + ' notes about ' + JSON.stringify(about), scopes: ['notes:read'], timeout: 60_000,
  }),
});
export const pack = definePack({ name: 'notes', title: 'Notes', commands: [list, summarise] });
`;

let folder: PackFolder;
let server: TestServer;
beforeAll(async () => {
  folder = await packFolder({ 'notes/pack.ts': PACK });
  server = await startTestServer({ packs: folder.settings });
});
afterAll(async () => {
  await server.stop();
  await folder[Symbol.asyncDispose]();
});

it('starts a task, and answers with what its agent gave', async () => {
  const key = await server.newKey(['notes:read', 'notes:summarise']);
  const headers = { prefer: 'wait=20', 'idempotency-key': randomUUID() };
  const asked = server.call('POST', '/api/v1/notes/birds/summarise', { body: {}, key: key.secret, headers });
  const runner = server.runner();
  const lease = await runner.lease();
  expect(lease).toMatchObject({
    instruction: 'Summarise at most 3 notes about "birds"',
    scopes: ['notes:read'],
    output: { whole: { type: 'object', required: ['total'], properties: { total: { type: 'integer' } } } },
  });
  const given = { leaseId: lease.leaseId, attempt: 1, text: '{"total":"1"}' };
  const verdict = await (await runner.post(`/tasks/${lease.taskId}/output`, given)).json();
  expect(verdict).toMatchObject({ problem: '/total must be integer' });
  await runner.settle(lease, { output: '{"total":1}' });
  const { status, body } = await asked;
  expect([status, body.task]).toMatchObject([202, { id: lease.taskId, status: 'completed', outputAttempts: 1 }]);
  // With the defaults of the command's own output.
  expect(body.task.output).toEqual({ total: 1, words: [] });
  const again = await server.call('POST', '/api/v1/notes/birds/summarise', { body: {}, key: key.secret, headers });
  expect(again.body).toEqual(body);
});

it('comes back at once unless it is to wait, and needs its scope alone', async () => {
  const path = '/api/v1/notes/birds/summarise';
  const none = await server.newKey(['notes:read', 'tasks:write']);
  expect((await server.call('POST', path, { body: {}, key: none.secret })).body.error.code).toBe('missing_scope');
  const key = await server.newKey(['notes:summarise']);
  const { status, body } = await server.call('POST', path, { body: { most: 1 }, key: key.secret });
  // What its caller may not do, the agent may not do either.
  expect([status, body.task]).toMatchObject([
    202,
    { status: 'queued', output: null, outputAttempts: 0, scopes: { effective: [], denied: ['notes:read'] } },
  ]);
  expect((await server.call('POST', path, { body: { most: 0 }, key: key.secret })).body.error.code).toBe(
    'invalid_input',
  );
  const { body: told } = await server.call('GET', '/api/v1/commands');
  const command = told.commands.find(({ name }: { name: string }) => name === 'notes summarise');
  expect(command).toMatchObject({ effect: 'write', follow: 'tasks events' });
});
