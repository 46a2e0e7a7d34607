// Webhooks on the command line: commands of three words, and `webhooks listen`, which forwards to a developer's
// own server.
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cli, repositoryCli } from '../fixtures/cli-process.ts';
import { until } from '../fixtures/seed.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { startReceiver, status, type WebhookReceiver } from '../fixtures/webhook-receiver.ts';

let server: TestServer;
let cli: Cli;
let receiver: WebhookReceiver;
beforeEach(async () => {
  server = await startTestServer({ webhookNetworks: ['127.0.0.0/8'] });
  cli = await repositoryCli({ SEED_API_URL: server.url, SEED_API_KEY: server.adminKey });
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  await cli.remove();
  await server.stop();
});

const seed = (line: string) => cli.run(line.split(' '));

describe('commands of three words', () => {
  it('are found, listed under their nouns, and suggested', async () => {
    const none = await seed('webhooks deliveries list');
    expect(none).toEqual({ code: 0, stdout: '', stderr: 'No deliveries.\n' });
    const listed = await seed('webhooks events list --type key.* --json');
    expect(JSON.parse(listed.stdout).items[0].type).toBe('key.created');
    const noun = await seed('webhooks events');
    expect(noun.code).toBe(2);
    expect(noun.stderr).toContain('Usage: seed webhooks events <verb>');
    for (const verb of ['list', 'get', 'stream']) expect(noun.stderr).toContain(`webhooks events ${verb} `);
    expect(noun.stderr).not.toContain('webhooks deliveries');
    const help = await seed('webhooks --help');
    expect(help.code).toBe(0);
    for (const name of ['create', 'events list', 'deliveries replay-failed', 'default-secret rotate', 'listen'])
      expect(help.stdout).toContain(`webhooks ${name}`);
    expect((await seed('help webhooks events')).stdout).toBe((await seed('webhooks events --help')).stdout);
    const wrong = await seed('webhooks events lst');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('"webhooks events lst"');
    expect(wrong.stderr).toContain('Did you mean: seed webhooks events list');
    const whole = await seed('webhooks events list --help');
    expect(whole.stdout).toContain('Usage: seed webhooks events list [flags]');
  });

  it('make, test, rotate and delete a webhook', async () => {
    const made = await seed(`webhooks create --url ${receiver.url}/a --events task.*,key.created`);
    expect(made.stderr).toContain('The secret is shown once');
    const [, id = ''] = /^ *id +([0-9a-f-]{36})/m.exec(made.stdout) ?? [];
    const tested = JSON.parse((await seed(`webhooks test ${id} --json`)).stdout);
    expect(tested.delivery).toMatchObject({ status: 'delivered', attempts: [{ status: 204 }] });
    expect((await seed(`webhooks rotate ${id}`)).stdout).toMatch(/whsec_/);
    expect((await seed('webhooks list')).stdout).toMatch(/task\.\*, key\.created +true/);
    expect((await seed(`webhooks update ${id} --no-enabled`)).stdout).toMatch(/enabled +false/);
    expect((await seed(`webhooks delete ${id}`)).code).toBe(0);
    expect((await seed('webhooks list')).stderr).toBe('No webhooks.\n');
  });
});

describe('webhooks listen', () => {
  const create = (name: string) => server.call('POST', '/api/v1/keys', { body: { name, scopes: ['keys:read'] } });

  it('forwards what happens from then on, signed with the secret it shows, and ends with Ctrl-C', async () => {
    await create('before');
    const line = [
      'webhooks',
      'listen',
      '--forward-to',
      `${receiver.url.replace('http://', '')}/hooks`,
      '--events',
      'key.created,task.*',
    ];
    const listening = cli.start([...line, '--json']);
    await listening.shown('Waiting for events');
    const { body } = await create('one');
    await server.call('POST', `/api/v1/keys/${body.key.id}/revoke`);
    receiver.answer(status(500));
    const [one] = await receiver.has(1);
    await create('two');
    const [, two] = await receiver.has(2);
    await listening.printed('"answer":500');
    listening.interrupt();
    const { code, stdout, stderr } = await listening.done;
    expect(code).toBe(130);
    const secret = /whsec_\S+/.exec(stderr)?.[0] ?? '';
    for (const delivered of [one, two]) {
      if (!delivered) throw new Error('nothing came');
      expect(new Webhook(secret).verify(delivered.raw, delivered.headers)).toEqual(delivered.body);
      expect(delivered.path).toBe('/hooks');
    }
    const printed = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(printed.map(({ event }) => event.data.name)).toEqual(['one', 'two']);
    expect(printed.map(({ event }) => event.id)).toEqual([one, two].map((each) => each?.headers['webhook-id']));
    expect(printed[1].answer).toBe(500);
  });

  it('shows events without forwarding, and says what went wrong where nobody listens', async () => {
    const plain = cli.start(['webhooks', 'listen']);
    const gone = cli.start(['webhooks', 'listen', '--forward-to', 'http://127.0.0.1:9']);
    await plain.shown('Waiting for events');
    await gone.shown('Waiting for events');
    await create('x');
    await plain.printed('key.created');
    await gone.printed('ECONNREFUSED');
    plain.interrupt();
    gone.interrupt();
    expect((await plain.done).stdout).toMatch(/^\S+Z key\.created [0-9a-f-]{36}\n$/);
    expect((await gone.done).code).toBe(130);
    for (const nonsense of ['nonsense', 'ftp://127.0.0.1/', 'localhost:99999', '/hooks'])
      expect((await seed(`webhooks listen --forward-to ${nonsense}`)).code, nonsense).toBe(2);
    const narrow = (await server.newKey(['keys:read'])).secret;
    const refused = await cli.run(['webhooks', 'listen'], { env: { SEED_API_KEY: narrow } });
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('webhooks:read');
  });
});

describe('the stream of events', () => {
  it('gives as SSE what happens, and after a seq all that was missed, in order and once', async () => {
    const headers = { authorization: `Bearer ${server.adminKey}`, accept: 'text/event-stream' };
    const read = async (path: string, count: number, more: Record<string, string> = {}, opened?: () => void) => {
      const gone = new AbortController();
      const options = { headers: { ...headers, ...more }, signal: gone.signal };
      const response = await fetch(`${server.url}/api/v1/webhooks/events/stream${path}`, options);
      opened?.();
      let text = '';
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk).toString();
        if ((text.match(/^data: /gm) ?? []).length >= count) break;
      }
      gone.abort();
      return [...text.matchAll(/^id: (\d+)\ndata: (.*)$/gm)].map(([, id, data]) => ({
        id: Number(id),
        event: JSON.parse(data ?? ''),
      }));
    };
    const opened = Promise.withResolvers<void>();
    const live = read('?type=key.created', 3, {}, opened.resolve);
    await opened.promise;
    const create = (name: string) =>
      server.call('POST', '/api/v1/keys', { body: { name, scopes: ['keys:read'] } });
    await create('a');
    await Promise.all(['b', 'c'].map(create));
    const three = await live;
    expect(three.map(({ event }) => event.data.name).sort()).toEqual(['a', 'b', 'c']);
    expect(three.map(({ id, event }) => id === event.seq)).toEqual([true, true, true]);
    const [first] = three;
    const missed = await read('', 2, { 'last-event-id': String(first?.id) });
    expect(missed).toEqual(three.slice(1));
    expect(await read(`?after=${first?.id}`, 2)).toEqual(missed);
    const all = await until('they have a place', async () => {
      const { body } = await server.call('GET', '/api/v1/webhooks/events');
      return body.items.every(({ seq }: { seq: number | null }) => seq !== null) && body.items;
    });
    expect((await read('?after=0', all.length)).map(({ event }) => event.id).sort()).toEqual(
      all.map(({ id }: { id: string }) => id).sort(),
    );
  });
});
