// The resources of tasks over MCP: listed, read, and whose.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import { connectClient, LEGACY, MODERN } from '../fixtures/mcp-client.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let lease: Lease;
beforeAll(async () => {
  server = await startTestServer();
  const runner = server.runner();
  await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'look around\nplease' } });
  lease = await runner.lease();
  await server.call('GET', '/api/v1/keys?limit=1', { key: lease.taskKey });
  await runner.put(lease, 'out/überblick.csv', 'a,b\n');
  await runner.put(lease, 'picture.png', '\u0000\u0001');
  await runner.put(lease, 'large.csv', 'x'.repeat(LIMITS.mcp.resourceBytes + 1));
  await runner.settle(lease, { stdout: 'done' });
});
afterAll(() => server.stop());

describe.each([MODERN, LEGACY])('revision %s', (revision) => {
  const connect = (key = server.adminKey) => connectClient(server.url, key, { revision });
  const uri = (part: string) => `seed://tasks/${lease.taskId}/${part}`;

  async function read(part: string): Promise<{ mimeType?: string; text: string }> {
    await using client = await connect();
    const { contents } = await client.readResource({ uri: uri(part) });
    expect(contents).toHaveLength(1);
    return contents[0] as { mimeType?: string; text: string };
  }

  it('lists those of each task, and their templates', async () => {
    await using client = await connect();
    const { resources } = await client.listResources();
    expect(resources.map((resource) => resource.uri)).toEqual([
      uri('transcript'),
      uri('ledger'),
      uri('artifacts'),
      uri('artifacts/large.csv'),
      uri('artifacts/out/%C3%BCberblick.csv'),
      uri('artifacts/picture.png'),
    ]);
    expect(resources[0]?.title).toBe(`Task ${lease.taskId.slice(0, 8)}, transcript: look around`);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'seed://tasks/{id}/transcript',
      'seed://tasks/{id}/ledger',
      'seed://tasks/{id}/artifacts',
      'seed://tasks/{id}/artifacts/{+name}',
    ]);
  });

  it('the transcript is the stream of events', async () => {
    const { mimeType, text } = await read('transcript');
    const rest = await server.call('GET', `/api/v1/tasks/${lease.taskId}/events`);
    expect(mimeType).toBe('application/x-ndjson');
    expect(text).toBe(rest.body);
  });

  it('the ledger and the artifacts are what REST has', async () => {
    const rest = await server.call('GET', `/api/v1/tasks/${lease.taskId}/ledger`);
    expect(JSON.parse((await read('ledger')).text).items).toEqual(rest.body.items);
    expect(rest.body.items[0].command).toBe('keys list');
    const kept = await server.call('GET', `/api/v1/tasks/${lease.taskId}/artifacts`);
    expect(JSON.parse((await read('artifacts')).text)).toEqual({ items: kept.body.items });
  });

  it('an artifact is read as text where it is text, and as bytes otherwise, unless it is too large', async () => {
    expect(await read('artifacts/out/%C3%BCberblick.csv')).toMatchObject({
      mimeType: 'text/csv',
      text: 'a,b\n',
    });
    expect(await read('artifacts/picture.png')).toMatchObject({ mimeType: 'image/png', blob: 'AAE=' });
    await expect(read('artifacts/large.csv')).rejects.toThrow('download it');
  });

  it('what is not there, or another account has, is not found', async () => {
    const { body: other } = await server.call('POST', '/api/v1/accounts', { body: { name: 'other' } });
    await using client = await connect(other.secret);
    expect((await client.listResources()).resources).toEqual([]);
    for (const one of [
      uri('transcript'),
      uri('ledger'),
      uri('artifacts'),
      uri('artifacts/picture.png'),
      uri('artifacts/%zz'),
      uri('secrets'),
      'file:///etc/passwd',
    ])
      await expect(client.readResource({ uri: one })).rejects.toMatchObject({
        code: -32602,
        data: { uri: one },
      });
  });

  it('a key that may not read tasks sees none', async () => {
    const { secret } = await server.newKey(['keys:read']);
    await using client = await connect(secret);
    expect((await client.listResources()).resources).toEqual([]);
    expect((await client.listResourceTemplates()).resourceTemplates).toEqual([]);
    await expect(client.readResource({ uri: uri('transcript') })).rejects.toThrow();
  });
});

it('a list that is longer than a page goes on', async () => {
  for (let count = 0; count < 25; count++) {
    const { body } = await server.call('POST', '/api/v1/tasks/run', {
      body: { instruction: `number ${count}` },
    });
    await server.call('POST', `/api/v1/tasks/${body.task.id}/stop`);
  }
  await using client = await connectClient(server.url, server.adminKey);
  const first = await client.request({ method: 'resources/list', params: {} });
  expect(first.resources).toHaveLength(3 * 20);
  const second = await client.request({ method: 'resources/list', params: { cursor: first.nextCursor } });
  expect(second.resources).toHaveLength(3 * 6 + 3);
  expect(second.nextCursor).toBeUndefined();
});
