// Who is let in at the door: whoever the vendor vouches for, out of a sandbox of a task that lives, and nobody else.
// The test plays the guest, and anybody in the world.
import { randomBytes } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DoorSetUp, startDoorServer } from '../fixtures/door.ts';
import { until } from '../fixtures/seed.ts';

let door: DoorSetUp;
let guest: Record<string, string>;
let sandboxId: string;
let taskId: string;
beforeAll(async () => {
  door = await startDoorServer();
  door.vendor.startGuest = async () => undefined;
  ({ guest, sandboxId, taskId } = await begin());
  expect((await door.vendor.forward(sandboxId, 'GET', '/start', { headers: guest })).status).toBe(200);
});
afterAll(() => door?.[Symbol.asyncDispose]());

async function begin() {
  const { body } = await door.server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'wait' } });
  const id = `seed-${body.task.id}`;
  await until('the sandbox', () => door.vendor.there.has(id));
  // Its name at the vendor is written down before its guest is started.
  const shown = { 'seed-guest': randomBytes(32).toString('hex') };
  await until('the start', async () => (await door.vendor.forward(id, 'GET', '/start', { headers: shown })).ok);
  return { taskId: body.task.id as string, sandboxId: id, guest: shown };
}

const vendorId = () => door.vendor.there.get(sandboxId)?.vendorId;
const seconds = () => Math.floor(Date.now() / 1000);
const sign = (claims: object, how?: Parameters<DoorSetUp['issuer']['sign']>[1]) =>
  door.issuer.sign({ sandbox_id: vendorId(), ...claims }, how);
const ask = async (token: string | null, more: Record<string, string> = {}, path = '/task') =>
  door.vendor.forward(sandboxId, 'GET', path, { token, headers: { ...guest, ...more } });

test('the vendor’s token of this sandbox opens the door, also a minute after its end', async () => {
  expect((await ask(await sign({}))).status).toBe(200);
  expect((await ask(await sign({ exp: seconds() - 30 }))).status).toBe(200);
});

const all = { aud: 'https://seed.test/door', team_id: 'team_1', project_id: 'prj_1' };
test.each<[string, () => Promise<string | null> | string | null]>([
  ['none', () => null],
  ['no token', () => 'a.b.c'],
  ['of another team, for this door', () => sign({ team_id: 'team_2' })],
  ['of another project, for this door', () => sign({ project_id: 'prj_2' })],
  ['of no team', () => sign({ team_id: undefined })],
  ['of a list of teams', () => sign({ team_id: ['team_1'] })],
  ['for the whole of this Seed', () => sign({ aud: 'https://seed.test' })],
  ['for another door', () => sign({ aud: 'https://other.test/door' })],
  ['for this door and another', () => sign({ aud: ['https://seed.test/door', 'https://other.test/door'] })],
  ['for a door with a slash', () => sign({ aud: 'https://seed.test/door/' })],
  ['that has expired', () => sign({ exp: seconds() - 120 })],
  ['that never expires', () => sign({ exp: undefined })],
  ['that is not valid yet', () => sign({ nbf: seconds() + 300 })],
  ['of another issuer', () => sign({ iss: 'https://oidc.vercel.com/other' })],
  ['of no issuer', () => sign({ iss: undefined })],
  ['signed by somebody else', () => sign({}, { forged: true })],
  ['signed in another way', () => sign({}, { algorithm: 'RS384' })],
  [
    'signed by nobody',
    () => new UnsecuredJWT({ ...all, sandbox_id: vendorId() }).setExpirationTime('5m').encode(),
  ],
  [
    'signed with what everybody knows',
    () => {
      const key = new TextEncoder().encode('x'.repeat(32));
      return new SignJWT({ ...all, sandbox_id: vendorId(), exp: seconds() + 300 })
        .setProtectedHeader({ alg: 'HS256', kid: 'one' })
        .sign(key);
    },
  ],
  ['of a sandbox that is not ours', () => sign({ sandbox_id: 'sbx_other' })],
  ['of the sandbox by its name alone', () => sign({ sandbox_id: undefined, sandbox_name: sandboxId })],
  ['of an empty sandbox', () => sign({ sandbox_id: '' })],
  ['that is very long', () => sign({ more: 'x'.repeat(8192) })],
])('a token %s is refused, and told nothing', async (_, make) => {
  const answer = await ask(await make());
  expect(answer.status).toBe(403);
  const { error } = (await answer.json()) as { error: object };
  expect(error).toMatchObject({ code: 'not_allowed', message: 'this is not allowed', hint: null });
});

test.each<[string, Record<string, string>]>([
  ['another name', { 'vercel-forwarded-host': 'other.test' }],
  ['a name with its port', { 'vercel-forwarded-host': 'seed.test:443' }],
  ['another scheme', { 'vercel-forwarded-scheme': 'http' }],
  ['another guest', { 'seed-guest': 'f'.repeat(64) }],
  ['no guest', { 'seed-guest': '' }],
  ['part of a guest', { 'seed-guest': 'f'.repeat(63) }],
])('a sound token from %s is refused', async (_, headers) => {
  expect((await ask(await sign({}), headers)).status).toBe(403);
});

test('what else runs in the sandbox cannot ask for the start, or put itself in the place of the guest', async () => {
  const other = { 'seed-guest': 'e'.repeat(64) };
  expect((await ask(await sign({}), other, '/start')).status).toBe(403);
  expect((await ask(await sign({}), {}, '/start')).status).toBe(200);
});

test.each([
  ['GET', '/runner/v1/lease'],
  ['GET', '/api/v1/../../runner/v1/lease'],
  ['GET', '/api/v1/%2e%2e/keys'],
  ['GET', '/door/start'],
  ['GET', '/healthz'],
  ['GET', '/mcp'],
  ['GET', ''],
  ['POST', '/task'],
])('a guest may not ask for %s %s', async (method, path) => {
  const headers = { ...guest, 'vercel-forwarded-path': path };
  expect((await door.vendor.forward(sandboxId, method, '/x', { headers, token: await sign({}) })).status).toBe(
    403,
  );
});

test('what is said of a request without a token is not believed, and the task’s key is in no answer', async () => {
  const { secret } = await door.server.newKey(['keys:read']);
  const answer = await ask(null, { authorization: `Bearer ${secret}` });
  expect(answer.status).toBe(403);
  const start = await (await ask(await sign({}), {}, '/start')).text();
  expect(start).toContain('"instruction":"wait"');
  expect(start).not.toMatch(/sk_live_[0-9A-Za-z]{36}/);
  // With a key of its own it is still the task.
  const who = await ask(await sign({}), { authorization: `Bearer ${secret}` }, '/api/v1/whoami');
  expect(await who.text()).toContain(`task:${taskId.slice(0, 8)}`);
});

test.each(['/api/v1/whoami', '/healthz', '/mcp', '/doorway', '/door/../healthz'])(
  'what comes out of a sandbox is let in at the door alone, whatever its key: not at %s',
  async (path) => {
    const headers = { authorization: `Bearer ${door.server.adminKey}`, 'vercel-sandbox-oidc-token': 'x' };
    const answer = await fetch(door.server.url + path, { headers });
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: { code: 'not_allowed' } }]);
  },
);

test('an issuer that is away is no reason to refuse: its known keys do, and without them all wait', async () => {
  door.issuer.away = true;
  try {
    expect((await ask(await sign({}))).status).toBe(200);
    const fresh = await door.server.sibling();
    const url = door.vendor.serverUrl;
    door.vendor.serverUrl = fresh.url;
    const away = await ask(await sign({}));
    expect([away.status, Number(away.headers.get('retry-after')) > 0]).toEqual([503, true]);
    door.issuer.away = false;
    await until('the issuer’s keys', async () => (await ask(await sign({}))).status === 200);
    door.vendor.serverUrl = url;
    await fresh.stop();
  } finally {
    door.issuer.away = false;
  }
});

test('a token is worth nothing once its task has ended', async () => {
  const ended = await begin();
  const sandbox = door.vendor.there.get(ended.sandboxId);
  const token = await door.issuer.sign({ sandbox_id: sandbox?.vendorId });
  const replay = () => door.vendor.forward(ended.sandboxId, 'GET', '/start', { token, headers: ended.guest });
  expect((await replay()).status).toBe(200);
  const stopped = await door.server.call('POST', `/api/v1/tasks/${ended.taskId}/stop`);
  expect(stopped.status).toBe(200);
  expect((await replay()).status).toBe(403);
  await until('its end', () => !door.vendor.there.has(ended.sandboxId));
  expect((await door.server.call('GET', `/api/v1/tasks/${taskId}`)).body.task.status).toBe('running');
});
