// The same letters come in two forms of Unicode: what Seed keeps by name is kept in one, and found by either.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const NFC = 'Übersicht für Zoë'.normalize('NFC');
const NFD = NFC.normalize('NFD');

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

it.each([NFC, NFD])('a key called %j is kept in one form and found by both', async (name) => {
  const body = { name, scopes: ['keys:read'], metadata: { [name]: name } };
  const made = await server.call('POST', '/api/v1/keys', { body });
  expect(made.body.key).toMatchObject({ name: NFC, metadata: { [NFC]: NFC } });
  for (const q of [NFC, NFD]) {
    const found = await server.call('GET', `/api/v1/keys?q=${encodeURIComponent(q)}`);
    expect(found.body.items.map(({ id }: { id: string }) => id)).toContain(made.body.key.id);
  }
});

it.each([NFC, NFD])(
  'the files of a task %j are kept in one form, its instruction as it was written',
  async (name) => {
    const file = { name: `${name}.txt`, content: Buffer.from('x').toString('base64') };
    const made = await server.call('POST', '/api/v1/tasks/run', {
      body: { instruction: `Read ${name}`, files: [file] },
    });
    expect(made.status, JSON.stringify(made.body)).toBe(202);
    const { body } = await server.call('GET', `/api/v1/tasks/${made.body.task.id}`);
    expect(body.task).toMatchObject({ instruction: `Read ${name}`, files: [{ name: `${NFC}.txt` }] });
    for (const q of [NFC, NFD]) {
      const found = await server.call('GET', `/api/v1/tasks?q=${encodeURIComponent(q)}`);
      expect(found.body.items.map(({ id }: { id: string }) => id)).toContain(body.task.id);
    }
  },
);

it('two files that are one in the kept form are refused', async () => {
  const content = Buffer.from('x').toString('base64');
  const files = [NFC, NFD].map((name) => ({ name, content }));
  const { status, body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'x', files } });
  expect([status, body.error.code]).toEqual([400, 'invalid_input']);
});
