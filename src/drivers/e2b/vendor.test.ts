import { expect, test } from 'vitest';
import type { E2bApi, E2bSandbox, ListedSandbox } from './api.ts';
import type { ConnectClient, Server } from './connect.ts';
import type { E2bSettings } from './settings.ts';
import { createE2bVendor } from './vendor.ts';

const SETTINGS: E2bSettings = {
  ...{ apiKey: 'k', apiUrl: 'https://api.example.org', sandboxUrl: null, domain: 'example.org' },
  ...{ template: 't', installation: 'seed', input: 'calls', longestLifeMs: 3_600_000 },
};
const WISH = { name: 'seed-a', labels: { seed: 'seed' }, lifeMs: 9_500, vcpus: 1, memoryBytes: 1 };

/** A vendor whose API makes this sandbox and lists these, and which servers its programs were asked of. */
function vendorOf(made: Partial<E2bSandbox>, listed: ListedSandbox[] = [], settings: Partial<E2bSettings> = {}) {
  const asked: Server[] = [];
  const timeouts: number[] = [];
  const sandbox = { sandboxID: 'i1', templateID: 't', envdAccessToken: 'token', ...made };
  const api: E2bApi = {
    url: SETTINGS.apiUrl,
    async create({ timeoutSeconds }) {
      timeouts.push(timeoutSeconds);
      return sandbox;
    },
    get: async (id) =>
      id === sandbox.sandboxID
        ? { ...sandbox, state: 'running', metadata: { ...WISH.labels, 'seed-name': WISH.name } }
        : null,
    list: async () => listed,
    kill: async () => undefined,
    setTimeout: async () => true,
    call: async () => null,
    close: async () => undefined,
  };
  const client: ConnectClient = {
    call: async () => ({}),
    async receive(server) {
      asked.push(server);
      return (async function* () {
        yield { event: { start: { pid: 7 } } };
        yield { event: { end: { exited: true } } };
      })();
    },
    send: async () => ({}),
    close: async () => undefined,
  };
  return { vendor: createE2bVendor({ ...SETTINGS, ...settings }, api, client), asked, timeouts };
}

test.each([
  ['a name of its own below the domain', {}, {}, 'https://49983-i1.example.org'],
  ['the domain that the API says', { domain: 'other.test' }, {}, 'https://49983-i1.other.test'],
  [
    'the one address of all',
    {},
    { sandboxUrl: 'http://10.0.0.1:3002/sandboxes' },
    'http://10.0.0.1:3002/sandboxes',
  ],
])('a sandbox is reached by %s', async (_, made, settings, url) => {
  const { vendor, asked } = vendorOf(made, [], settings);
  const sandbox = await vendor.create(WISH);
  expect(await vendor.run(sandbox, ['true'], { timeoutMs: 1000 })).toEqual({ code: 0, stdout: '', stderr: '' });
  const headers = { 'e2b-sandbox-id': 'i1', 'e2b-sandbox-port': '49983', 'x-access-token': 'token' };
  expect(asked).toMatchObject([{ url, headers }]);
});

test('E2B counts in seconds, and never fewer than were wished for', async () => {
  const { vendor, timeouts } = vendorOf({});
  for (const lifeMs of [9_500, 1, 60_000]) await vendor.create({ ...WISH, name: `seed-${lifeMs}`, lifeMs });
  expect(timeouts).toEqual([10, 1, 60]);
});

test('one whose envd takes everybody is not used, whoever has made it', async () => {
  const refused = { code: 'not_allowed', hint: expect.stringContaining('envd') };
  for (const envdAccessToken of [null, '']) {
    const { vendor, asked } = vendorOf({ envdAccessToken });
    await expect(vendor.create(WISH)).rejects.toMatchObject(refused);
    const found = await vendor.find(WISH.name);
    expect(found).toMatchObject({ vendorId: 'i1' });
    if (found) await expect(vendor.open(found, ['true'])).rejects.toMatchObject(refused);
    expect(asked).toEqual([]);
  }
});

test('what a list has not yet is found by its id, and what is paused has ended', async () => {
  const { vendor } = vendorOf({});
  expect(await vendor.find(WISH.name)).toBeNull();
  await vendor.create(WISH);
  expect(await vendor.find(WISH.name)).toMatchObject({ name: WISH.name, vendorId: 'i1', state: 'running' });
  const listed = { sandboxID: 'i2', state: 'paused' as const, metadata: { 'seed-name': 'seed-b' } };
  const other = vendorOf({}, [listed]).vendor;
  expect(await other.find('seed-b')).toMatchObject({ vendorId: 'i2', state: 'ended', end: { byLimit: false } });
});
