// The upstream as any client meets it, without Seed's gateway.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Playbook } from './playbook.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './upstream.ts';

const greeting: Playbook = {
  name: 'greeting',
  example: 'Greet the world',
  recognises: (instruction) => instruction === 'Greet the world',
  *play() {
    const greeted = yield 'echo hello';
    return `It said ${greeted.output}.`;
  },
};
const bash = [{ type: 'function', function: { name: 'bash', parameters: {} } }];
const asked = [{ role: 'user', content: 'Greet the world' }];
const request = { model: 'scripted', messages: asked, tools: bash };

let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream([greeting]);
});
afterAll(() => upstream[Symbol.asyncDispose]());

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
const jsonOf = (response: Response): Promise<any> => response.json();

function call(path: string, body?: unknown, authorization = `Bearer ${upstream.apiKey}`) {
  return fetch(upstream.baseUrl + path, {
    headers: { authorization },
    ...(body !== undefined && {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  });
}

describe('a plain client', () => {
  it('gets a completion as JSON: a call of bash, and the answer when it has the result', async () => {
    const first = await call('/chat/completions', { ...request, stream: false, temperature: 0 });
    expect(first.headers.get('content-type')).toBe('application/json');
    const answer = await jsonOf(first);
    const { choices, usage, model, object } = answer;
    expect([model, object, choices[0].finish_reason]).toEqual(['scripted', 'chat.completion', 'tool_calls']);
    const [{ id, function: called }] = choices[0].message.tool_calls;
    expect(JSON.parse(called.arguments)).toEqual({ command: 'echo hello' });
    expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
    const result = { role: 'tool', tool_call_id: id, content: 'hello\n' };
    const messages = [...asked, choices[0].message, result];
    const second = await jsonOf(await call('/chat/completions', { ...request, messages }));
    expect(second.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: 'It said hello.' },
    });
    expect(second.id).not.toBe(answer.id);
  });

  it.each([true, false])('gets an event stream, with usage where it asks for it: %s', async (usage) => {
    const options = usage ? { stream_options: { include_usage: true } } : {};
    const response = await call('/chat/completions', { ...request, stream: true, ...options });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = (await response.text()).trimEnd().split('\n\n');
    expect(events.pop()).toBe('data: [DONE]');
    const chunks = events.map((event) => JSON.parse(event.replace(/^data: /, '')));
    expect(chunks[1].choices[0].delta.tool_calls[0].function.name).toBe('bash');
    expect(chunks.some((chunk) => chunk.usage?.total_tokens > 0)).toBe(usage);
  });

  it('finds the one model in the list', async () => {
    const { object, data } = await jsonOf(await call('/models'));
    expect([object, data.map(({ id }: { id: string }) => id)]).toEqual(['list', ['scripted']]);
  });
});

describe('is refused', () => {
  it.each([
    ['another key', 'Bearer nonsense'],
    ['no key', ''],
    ['another scheme', 'Basic x'],
  ])('with %s, whatever it asks', async (_, authorization) => {
    for (const body of [request, undefined]) {
      const response = await call(body ? '/chat/completions' : '/models', body, authorization);
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    }
  });

  it.each<[string, string, unknown, number]>([
    ['another model', '/chat/completions', { ...request, model: 'gpt-4o' }, 404],
    ['no messages', '/chat/completions', { ...request, messages: [] }, 400],
    ['no JSON', '/chat/completions', '{{', 400],
    ['another path', '/embeddings', {}, 404],
    ['17 MiB', '/chat/completions', `"${'x'.repeat(17 * 1024 * 1024)}"`, 413],
  ])('for %s', async (_, path, body, status) => {
    expect((await call(path, body)).status).toBe(status);
  });
});

it('listens on this machine alone, and no more when it is closed', async () => {
  const other = await startScriptedUpstream([]);
  expect(other.baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  expect(other.apiKey).not.toBe(upstream.apiKey);
  await other[Symbol.asyncDispose]();
  await expect(fetch(`${other.baseUrl}/models`)).rejects.toThrow();
});
