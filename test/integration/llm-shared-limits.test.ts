// The limits of the account at the upstream, shared by all tasks of all servers: who waits, who goes first, who is
// refused.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { countRequest, type SharedAccount, sharedAccount } from '../../src/server/models/account-limits.ts';
import { chooseUpstream, type Upstream } from '../../src/server/models/upstream.ts';
import { startGateway, TASK_ID } from '../fixtures/llm-gateway-server.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import {
  answer,
  type Behaviour,
  chunk,
  completion,
  DONE,
  type LlmUpstream,
  startLlmUpstream,
  startStream,
} from '../fixtures/llm-upstream.ts';
import { startTestServer } from '../fixtures/server.ts';
import { openTestStore, type TestStore } from '../fixtures/store.ts';

const messages = [{ role: 'user', content: 'x' }];
const never = new AbortController().signal;

let upstream: LlmUpstream;
let seed: TestStore;
beforeAll(async () => {
  upstream = await startLlmUpstream();
  seed = await openTestStore();
});
afterAll(async () => {
  await upstream.close();
  await seed.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
});

/** Holds each answer back until the test lets it go. */
function held(): { behaviour: Behaviour; letGo(): void } {
  const waiting: (() => void)[] = [];
  return {
    behaviour: async (response, request) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      await completion('hello')(response, request);
    },
    letGo: () => waiting.shift()?.(),
  };
}

async function gatewayWith(limits: object, more: object = {}) {
  const server = await startGateway('m', {
    settings: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'], limits }),
    countRequest: (account, shared) => countRequest(seed.store, account, shared),
    ...more,
  });
  const ask = (taskId: string, signal = never, body: object = {}) =>
    server.gateway.chatCompletions({ model: 'm', messages, ...body }, { taskId, model: 'm', signal });
  return { server, ask };
}

describe('calls at a time', () => {
  it('go to the tasks by turns, however many one of them has waiting', async () => {
    const { behaviour, letGo } = held();
    upstream.behave(behaviour);
    const { server, ask } = await gatewayWith({ concurrent: 1 });
    const order: string[] = [];
    const asked = async (taskId: string) => {
      await ask(taskId);
      order.push(taskId);
    };
    const calls = [...Array.from({ length: 5 }, () => asked('greedy')), asked('modest'), asked('late')];
    for (let answered = 0; answered < calls.length; answered += 1) {
      await vi.waitFor(() => expect(upstream.requests).toHaveLength(answered + 1));
      letGo();
      await vi.waitFor(() => expect(order).toHaveLength(answered + 1));
    }
    await Promise.all(calls);
    expect(order).toEqual(['greedy', 'modest', 'late', 'greedy', 'greedy', 'greedy', 'greedy']);
    await server.close();
  });

  it('hold their place until the stream has ended, failed or was left', async () => {
    const { server, ask } = await gatewayWith({ concurrent: 1 }, { limits: { retryMs: 1 } });
    let finish = () => {};
    upstream.behave(
      async (response) => {
        startStream(response);
        response.write(chunk('a'));
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        response.end(chunk('b', 'stop') + DONE);
      },
      answer(400, 'no'),
      (response) => {
        startStream(response);
        response.write(chunk('a'));
      },
      completion('last'),
    );
    const first = await ask('a', never, { stream: true });
    const second = ask('b');
    const third = ask('c', never, { stream: true });
    const fourth = ask('d');
    second.catch(() => undefined);
    expect(upstream.requests).toHaveLength(1);
    finish();
    expect(await first.text()).toContain('[DONE]');
    await expect(second).rejects.toThrow(/answered 400/);
    await (await third).body?.cancel();
    expect(await (await fourth).text()).toContain('last');
    await server.close();
  });

  it('leave the queue with their caller', async () => {
    const { behaviour, letGo } = held();
    upstream.behave(behaviour);
    const { server, ask } = await gatewayWith({ concurrent: 1 });
    const first = ask('a');
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(1));
    const caller = new AbortController();
    const gone = ask('b', caller.signal);
    const last = ask('c');
    caller.abort();
    await expect(gone).rejects.toMatchObject({ code: 'unavailable' });
    letGo();
    await first;
    await vi.waitFor(() => expect(upstream.requests).toHaveLength(2));
    letGo();
    await last;
    expect(server.recorded.map(({ taskId, call }) => [taskId, call.outcome])).toEqual([
      ['b', 'cancelled'],
      ['a', 'ok'],
      ['c', 'ok'],
    ]);
    await server.close();
  });
});

describe('requests a minute and a day', () => {
  it('are counted with every retry, and a call without a turn goes to a model without limits', async () => {
    upstream.behave(answer(500, ''), completion('at last'));
    const server = await startGateway('x:free', {
      settings: llmSettings({ openRouterKey: 'k', defaultModels: ['x:free', 'paid'], limits: { perDay: 2 } }),
      countRequest: (account, limits) => countRequest(seed.store, account, limits),
      fetch: (_, init) => fetch(`${upstream.baseUrl}/chat/completions`, init),
      limits: { retryMs: 1 },
      fallbackModels: ['paid'],
    });
    const ask = async () => {
      const { choices } = await server.client.chat.completions.create({
        model: 'x:free',
        messages: [{ role: 'user', content: 'x' }],
      });
      return choices[0]?.message.content;
    };
    expect([await ask(), await ask(), await ask()]).toEqual(['at last', 'at last', 'at last']);
    expect(upstream.requests.map(({ body }) => body['model'])).toEqual(['x:free', 'x:free', 'paid', 'paid']);
    expect(server.recorded.map(({ taskId }) => taskId)).toEqual(Array(5).fill(TASK_ID));
    await server.close();
  });

  it('of OpenRouter are 20 a minute and 50 a day for all servers together, also after a restart', async () => {
    upstream.behave(completion('hello'));
    const start = () =>
      startGateway('x:free', {
        settings: llmSettings({ openRouterKey: 'k', defaultModels: ['x:free'] }),
        countRequest: (account, shared) => countRequest(seed.store, account, shared),
        fetch: (_, init) => fetch(`${upstream.baseUrl}/chat/completions`, init),
      });
    const ask = ({ gateway }: Awaited<ReturnType<typeof start>>, signal = never) =>
      gateway.chatCompletions({ model: 'x:free', messages }, { taskId: 'a', model: 'x:free', signal });
    const midnight = (Math.floor(seed.clock.now().getTime() / 86_400_000) + 1) * 86_400_000;
    seed.clock.advance(midnight - seed.clock.now().getTime());
    const [one, restarted] = [await start(), await start()];
    await Promise.all(Array.from({ length: 10 }, () => [ask(one), ask(restarted)]).flat());
    await restarted.close();
    const other = await start();
    // The 21st within a minute has to wait, whichever server it comes to.
    const openRouter = chooseUpstream(llmSettings({ openRouterKey: 'k' })) as Upstream;
    const { name, limits } = sharedAccount(openRouter, {}) as SharedAccount;
    expect(await countRequest(seed.store, name, limits)).toMatchObject({ span: 'minute' });
    expect(upstream.requests).toHaveLength(20);
    for (const more of [20, 10]) {
      seed.clock.advance(60_001);
      await Promise.all(Array.from({ length: more }, (_, index) => ask(index % 2 ? one : other)));
    }
    expect(upstream.requests).toHaveLength(50);
    seed.clock.advance(60_001);
    for (const server of [one, other])
      await expect(ask(server)).rejects.toMatchObject({ message: expect.stringMatching(/of its 50 a day/) });
    expect(upstream.requests).toHaveLength(50);
    await Promise.all([one.close(), other.close()]);
  });

  it('are shared by two servers, and whoever finds none left is told when there is', async () => {
    upstream.behave(completion('hello'));
    const limits = { perDay: 3 };
    const seed = await startTestServer({
      llm: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'], limits }),
    });
    const sibling = await seed.sibling();
    try {
      const runner = seed.runner();
      await runner.appear();
      const { body } = await seed.call('POST', '/api/v1/tasks/run', { body: { instruction: 'x' } });
      const lease = await runner.lease();
      expect(lease.taskId).toBe(body.task.id);
      const ask = (server: typeof sibling) =>
        server.call('POST', '/llm/v1/chat/completions', {
          key: lease.taskKey,
          body: { model: 'm', messages },
        });
      const answers = await Promise.all([seed, sibling, seed, sibling, seed].map(ask));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 502, 502]);
      const refused = answers.find(({ status }) => status === 502);
      expect(refused?.body.error).toMatchObject({
        code: 'llm_unavailable',
        message: expect.stringMatching(/no request left of its 3 a day: again after 00:00 UTC/),
        hint: expect.stringMatching(/SEED_LLM_REQUESTS_PER_DAY/),
      });
      const seconds = Number(refused?.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(86_400);
      expect(upstream.requests).toHaveLength(3);
    } finally {
      await sibling.stop();
      await seed.stop();
    }
  });
});
