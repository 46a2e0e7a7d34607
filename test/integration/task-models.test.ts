// Which models a task gets: its own list, or that of its key, of its account, of the server, as far as its key may.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { answer, completion, type LlmUpstream, startLlmUpstream } from '../fixtures/llm-upstream.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const messages = [{ role: 'user' as const, content: 'Say hello' }];
/** Models that the upstream does not have. */
let missing: string[];
let upstream: LlmUpstream;

beforeAll(async () => {
  upstream = await startLlmUpstream();
  upstream.behave((response, request) => {
    const asked = String(upstream.requests.at(-1)?.body['model']);
    const answers = missing.includes(asked) ? answer(404, '') : completion(`${asked} says hello`);
    return answers(response, request);
  });
});
afterAll(() => upstream?.close());
beforeEach(() => {
  missing = [];
});

describe('the models of a task', () => {
  it("are the server's defaults that its key may use, and none when it names its model", async () => {
    const defaultModels = ['a', 'b', 'c'];
    const seed = await startTestServer({
      llm: llmSettings({ baseUrl: upstream.baseUrl, defaultModels, allowedModels: defaultModels }),
    });
    try {
      const runner = seed.runner({ slots: 5, freeSlots: 5 });
      await runner.appear();
      const start = async (key: string, body: object = {}) => {
        const run = await seed.call('POST', '/api/v1/tasks/run', {
          key,
          body: { instruction: 'x', ...body },
        });
        return { task: run.body.task, lease: await runner.lease() };
      };
      const { secret } = await seed.newKey(['*'], { allowedModels: ['c', 'b'] });
      const any = await start(seed.adminKey);
      const narrowed = await start(secret);
      const named = await start(seed.adminKey, { model: 'a' });
      expect([any, narrowed, named].map(({ task }) => [task.model, task.fallbackModels])).toEqual([
        ['a', ['b', 'c']],
        ['b', ['c']],
        ['a', []],
      ]);

      missing = ['a', 'b'];
      const complete = ({ task, lease }: typeof any) =>
        seed.call('POST', '/llm/v1/chat/completions', {
          key: lease.taskKey,
          body: { model: task.model, messages },
        });
      expect((await complete(any)).body.choices[0].message.content).toBe('c says hello');
      expect((await complete(narrowed)).body.choices[0].message.content).toBe('c says hello');
      expect((await complete(named)).body.error.code).toBe('llm_refused');

      const unknown = { body: { instruction: 'x', model: 'scripted' } };
      const refused = await seed.call('POST', '/api/v1/tasks/run', unknown);
      expect([refused.status, refused.body.error]).toMatchObject([
        400,
        { code: 'unknown_model', hint: 'There are: a, b, c.' },
      ]);
    } finally {
      await seed.stop();
    }
  });

  it('are its own list, or that of its key, of its account, of the server', async () => {
    const defaultModels = ['a', 'b', 'c'];
    const seed = await startTestServer({
      llm: llmSettings({ baseUrl: upstream.baseUrl, defaultModels, allowedModels: defaultModels }),
    });
    const sibling = await seed.sibling();
    try {
      const runner = seed.runner({ slots: 9, freeSlots: 9 });
      await runner.appear();
      const run = (key: string, body: object = {}, server: Pick<TestServer, 'call'> = seed) =>
        server.call('POST', '/api/v1/tasks/run', { key, body: { instruction: 'x', ...body } });
      const modelsOf = async (...asked: Parameters<typeof run>) => {
        const { task } = (await run(...asked)).body;
        return [task.model, ...task.fallbackModels];
      };
      const codeOf = async (...asked: Parameters<typeof run>) => (await run(...asked)).body.error.code;

      const other = await seed.call('POST', '/api/v1/accounts', { body: { name: 'Other', models: ['c', 'b'] } });
      const { account, secret: admin } = other.body;
      expect(account.models).toEqual(['c', 'b']);
      expect(await modelsOf(admin)).toEqual(['c', 'b']);
      const made = await seed.call('POST', '/api/v1/keys', {
        key: admin,
        body: { name: 'k', scopes: ['tasks:*', 'keys:*'], models: ['b', 'a'] },
      });
      const { secret, key } = made.body;
      expect(key.models).toEqual(['b', 'a']);
      expect(await modelsOf(secret)).toEqual(['b', 'a']);
      // It bounds nothing: what is named is served, and a key that it makes may have others.
      expect(await modelsOf(secret, { model: 'c' })).toEqual(['c']);
      expect(await modelsOf(secret, { models: ['a', 'c', 'a'] })).toEqual(['a', 'c']);
      const child = { name: 'child', scopes: ['tasks:*'] };
      const inherits = await seed.call('POST', '/api/v1/keys', { key: secret, body: child });
      expect(inherits.body.key.models).toEqual(['b', 'a']);
      const chooses = await seed.call('POST', '/api/v1/keys', { key: secret, body: { ...child, models: ['c'] } });
      expect(await modelsOf(chooses.body.secret)).toEqual(['c']);

      const change = (path: string, body: object, auth?: string) =>
        seed.call('PATCH', `/api/v1${path}`, { body, ...(auth && { key: auth }) });
      expect((await change(`/keys/${key.id}`, { models: null }, admin)).body.key.models).toBeNull();
      expect(await modelsOf(secret)).toEqual(['c', 'b']);
      expect((await change(`/accounts/${account.id}`, { models: ['b'] })).body.account).toEqual({
        ...account,
        models: ['b'],
      });
      expect(await modelsOf(secret)).toEqual(['b']);
      // Other servers know as soon as they hear of it.
      await vi.waitFor(async () => expect(await modelsOf(secret, {}, sibling)).toEqual(['b']));
      expect((await change(`/accounts/${account.id}`, { models: null })).body.account.models).toBeNull();
      expect(await modelsOf(secret)).toEqual(['a', 'b', 'c']);
      // A key that may use fewer gets what is left of its list.
      expect((await change(`/keys/${key.id}`, { models: ['b', 'a'], allowedModels: ['a'] }, admin)).status).toBe(
        200,
      );
      expect(await modelsOf(secret)).toEqual(['a']);
      const listed = await seed.call('GET', '/api/v1/models', { key: secret });
      expect(listed.body.items.map(({ name }: { name: string }) => name)).toEqual(['a']);

      expect(await codeOf(secret, { models: ['a', 'b'] })).toBe('model_not_allowed');
      expect(await codeOf(admin, { models: ['a', 'gone'] })).toBe('unknown_model');
      expect(await codeOf(admin, { model: 'a', models: ['b'] })).toBe('invalid_input');
      expect((await change(`/keys/${key.id}`, { models: ['gone'] }, admin)).body.error.code).toBe('unknown_model');
      expect((await change(`/keys/${key.id}`, { models: [] }, admin)).body.error.code).toBe('invalid_input');
      expect((await change(`/accounts/${account.id}`, {})).body.error.code).toBe('invalid_input');
      expect((await change(`/accounts/${key.id}`, { name: 'x' })).body.error.code).toBe('not_found');
      expect((await change(`/accounts/${account.id}`, { name: 'x' }, admin)).body.error.code).toBe(
        'operator_only',
      );
    } finally {
      await sibling.stop();
      await seed.stop();
    }
  });

  it('do not make a key that may do everything one with a limit', async () => {
    const seed = await startTestServer();
    try {
      const { body } = await seed.call('POST', '/api/v1/accounts', { body: { name: 'Other' } });
      const change = (changes: object) =>
        seed.call('PATCH', `/api/v1/keys/${body.key.id}`, { key: body.secret, body: changes });
      expect((await change({ models: ['scripted'] })).status).toBe(200);
      expect((await change({ tokensPerDay: 5 })).body.error.code).toBe('confirmation_needed');
    } finally {
      await seed.stop();
    }
  });
});
