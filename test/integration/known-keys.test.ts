// What a server knows of a key for a moment, with two servers on one database: a change holds at once where it was
// made, and on the other within a second.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AnyBody, startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let sibling: Awaited<ReturnType<TestServer['sibling']>>;
beforeAll(async () => {
  server = await startTestServer();
  sibling = await server.sibling();
});
afterAll(async () => {
  await sibling?.stop();
  await server?.stop();
});

type Asked = Pick<TestServer, 'call'>;
async function whoami(at: Asked, key: string): Promise<[status: number, code?: string]> {
  const { status, body } = await at.call('GET', '/api/v1/whoami', { key });
  return status === 200 ? [status] : [status, body.error.code];
}

describe.each([
  ['revoked', 'POST', '/revoke', {}, [401, 'key_revoked']],
  ['disabled', 'PATCH', '', { enabled: false }, [401, 'key_disabled']],
  ['bound to other addresses', 'PATCH', '', { allowedCidrs: ['203.0.113.0/24'] }, [403, 'address_not_allowed']],
  ['rotated without grace', 'POST', '/rotate', { grace: '0m' }, [401, 'key_rotated']],
] as const)('a key that is %s', (_what, method, path, body, refusal) => {
  it('is refused at once where that was done, and within a second on another server', async () => {
    const key = await server.newKey(['keys:read']);
    for (const at of [server, sibling]) expect(await whoami(at, key.secret)).toEqual([200]);
    expect((await server.call(method, `/api/v1/keys/${key.id}${path}`, { body })).status).toBe(200);
    expect(await whoami(server, key.secret)).toEqual(refusal);
    await vi.waitFor(async () => expect(await whoami(sibling, key.secret)).toEqual(refusal), 1_000);
  });
});

it('a key that is enabled again, and the new secret of one that was rotated, work everywhere at once', async () => {
  const key = await server.newKey(['keys:read']);
  const change = (body: object) => server.call('PATCH', `/api/v1/keys/${key.id}`, { body });
  await change({ enabled: false });
  for (const at of [server, sibling]) expect(await whoami(at, key.secret)).toEqual([401, 'key_disabled']);
  await change({ enabled: true });
  for (const at of [server, sibling]) expect(await whoami(at, key.secret)).toEqual([200]);
  const { body } = await server.call<AnyBody>('POST', `/api/v1/keys/${key.id}/rotate`, { body: {} });
  for (const secret of [key.secret, body.secret])
    for (const at of [server, sibling]) expect(await whoami(at, secret)).toEqual([200]);
});

it('a change of a key that is asked about all the time holds from its answer on', async () => {
  for (let time = 0; time < 10; time += 1) {
    const key = await server.newKey(['keys:read']);
    let isChanged = false;
    const ask = async () => {
      const askedAfter = isChanged;
      const answer = await whoami(server, key.secret);
      expect(askedAfter ? answer : [200, 401]).toEqual(askedAfter ? [401, 'key_revoked'] : [200, 401]);
      return askedAfter;
    };
    const askers = Array.from({ length: 8 }, async () => {
      while (!(await ask()));
    });
    const { status } = await server.call('POST', `/api/v1/keys/${key.id}/revoke`);
    isChanged = true;
    expect(status).toBe(200);
    await Promise.all(askers);
  }
});

it('the key of a task is refused as soon as the task has ended', async () => {
  const runner = server.runner();
  await runner.appear();
  await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi' } });
  const lease = await runner.lease();
  for (const at of [server, sibling]) expect(await whoami(at, lease.taskKey)).toEqual([200]);
  expect(await runner.settle(lease)).toBe(204);
  expect(await whoami(server, lease.taskKey)).toEqual([401, 'key_revoked']);
  await vi.waitFor(async () => expect(await whoami(sibling, lease.taskKey)).toEqual([401, 'key_revoked']), 1_000);
});
