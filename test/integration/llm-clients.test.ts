// Clients that others wrote against the gateway's own /llm/v1, and against the upstream itself as the reference:
// nothing that they see may differ.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayServer, startGateway, TASK_KEY } from '../fixtures/llm-gateway-server.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { type Behaviour, type LlmUpstream, startLlmUpstream, startStream } from '../fixtures/llm-upstream.ts';
import { pythonOpenAi } from '../fixtures/python-openai.ts';

const HEAD = { id: 'chatcmpl-1', created: 1_790_000_000, model: 'm-2026-01-01', system_fingerprint: 'fp_1' };
const USAGE = {
  prompt_tokens: 31,
  completion_tokens: 12,
  total_tokens: 43,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 4 },
};
const CALLS = [
  { id: 'call_a', type: 'function', function: { name: 'bash', arguments: '{"command":"seed keys list"}' } },
  { id: 'call_b', type: 'function', function: { name: 'bash', arguments: '{"command":"date"}' } },
];

function reference(deltas: object[], finish: string): Behaviour {
  return (response, _request) => {
    const chunk = (choices: object[], more: object = {}) =>
      `data: ${JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', choices, ...more })}\n\n`;
    startStream(response);
    for (const delta of deltas) response.write(chunk([{ index: 0, delta, finish_reason: null }]));
    response.write(chunk([{ index: 0, delta: {}, finish_reason: finish }]));
    response.end(`${chunk([], { usage: USAGE })}data: [DONE]\n\n`);
  };
}

const TEXT = reference(
  [{ role: 'assistant', content: '', refusal: null }, { content: 'Grüße, ' }, { content: 'Welt 🌍' }],
  'stop',
);
const TOOLS = reference(
  [
    { role: 'assistant', content: 'Let me look.' },
    ...CALLS.flatMap(({ id, type, function: { name, arguments: text } }, index) => [
      { tool_calls: [{ index, id, type, function: { name, arguments: '' } }] },
      { tool_calls: [{ index, function: { arguments: text.slice(0, 9) } }] },
      { tool_calls: [{ index, function: { arguments: text.slice(9) } }] },
    ]),
  ],
  'tool_calls',
);
const whole = (message: object, finish: string): Behaviour => {
  const choices = [
    { index: 0, message: { role: 'assistant', refusal: null, ...message }, finish_reason: finish, logprobs: null },
  ];
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...HEAD, object: 'chat.completion', choices, usage: USAGE }));
  };
};
const WHOLE_TEXT = whole({ content: 'Grüße, Welt 🌍' }, 'stop');
const WHOLE_TOOLS = whole({ content: 'Let me look.', tool_calls: CALLS }, 'tool_calls');
const ENDLESS: Behaviour = (response) => {
  startStream(response);
  const choices = [{ index: 0, delta: { content: 'on ' }, finish_reason: null }];
  const timer = setInterval(() => response.write(`data: ${JSON.stringify({ ...HEAD, choices })}\n\n`), 5);
  response.once('close', () => clearInterval(timer));
};

let upstream: LlmUpstream;
let server: GatewayServer;
beforeAll(async () => {
  upstream = await startLlmUpstream();
  server = await startGateway('m', { settings: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] }) });
});
afterAll(async () => {
  await server?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
  server.recorded.length = 0;
});

/** What the client sees of the upstream itself, and of the gateway before it. */
async function both<Seen>(behaviours: Behaviour[], look: (baseURL: string) => Promise<Seen>) {
  upstream.behave(...behaviours);
  const direct = await look(upstream.baseUrl);
  upstream.behave(...behaviours);
  return { direct, through: await look(server.url) };
}

/** The upstream's connection is closed, and the call is in the bill. */
async function expectAborted(look: (baseURL: string) => Promise<unknown>): Promise<void> {
  upstream.behave(ENDLESS);
  await look(server.url);
  expect(await upstream.requests[0]?.closed).toEqual({ abandoned: true });
  await server.gateway.allRecorded();
  expect(server.recorded).toMatchObject([{ call: { outcome: 'cancelled' } }]);
}

const messages = [{ role: 'user' as const, content: 'Say hello' }];

describe('the official client for Node', () => {
  const tools = [{ type: 'function' as const, function: { name: 'bash', parameters: { type: 'object' } } }];
  const client = (baseURL: string) => new OpenAI({ baseURL, apiKey: TASK_KEY, maxRetries: 0 });
  const streamed = (baseURL: string) =>
    client(baseURL)
      .chat.completions.stream({ model: 'm', messages, tools, stream_options: { include_usage: true } })
      .finalChatCompletion();

  it.each([
    ['text', TEXT],
    ['calls', TOOLS],
  ])('streams %s', async (_, behaviour) => {
    const { direct, through } = await both([behaviour], streamed);
    expect(through).toEqual(direct);
    expect(through.usage).toMatchObject(USAGE);
  });

  it.each([
    ['text', WHOLE_TEXT],
    ['calls', WHOLE_TOOLS],
  ])('takes %s whole', async (_, behaviour) => {
    const ask = (baseURL: string) => client(baseURL).chat.completions.create({ model: 'm', messages, tools });
    const { direct, through } = await both([behaviour], ask);
    expect(through).toEqual(direct);
  });

  it('aborts', () =>
    expectAborted(async (baseURL) => {
      const stream = await client(baseURL).chat.completions.create({ model: 'm', messages, stream: true });
      for await (const part of stream) if (part.choices[0]?.delta.content) break;
    }));
});

describe("Vercel's AI SDK", () => {
  const model = (baseURL: string) =>
    createOpenAICompatible({ name: 'seed', baseURL, apiKey: TASK_KEY, includeUsage: true })('m');
  const ran: unknown[] = [];
  const tools = {
    bash: tool({
      description: 'run a command',
      inputSchema: jsonSchema<{ command: string }>({
        type: 'object',
        properties: { command: { type: 'string' } },
        required: ['command'],
      }),
      execute: async ({ command }) => {
        ran.push(command);
        return `ran ${command}`;
      },
    }),
  };

  it('streams text', async () => {
    const { direct, through } = await both([TEXT], async (baseURL) => {
      const result = streamText({ model: model(baseURL), messages, maxRetries: 0 });
      const parts = await Array.fromAsync(result.textStream);
      return { text: parts.join(''), usage: await result.usage, finish: await result.finishReason };
    });
    expect(through).toEqual(direct);
    expect(through).toMatchObject({ text: 'Grüße, Welt 🌍', finish: 'stop' });
  });

  it.each([
    ['streamed', true, [TOOLS, TEXT]],
    ['whole', false, [WHOLE_TOOLS, WHOLE_TEXT]],
  ])('runs tools and goes on, %s', async (_, isStream, behaviours) => {
    const { direct, through } = await both(behaviours, async (baseURL) => {
      ran.length = 0;
      const asked = { model: model(baseURL), messages, tools, stopWhen: stepCountIs(3), maxRetries: 0 };
      const result = isStream ? streamText(asked) : await generateText(asked);
      const steps = await result.steps;
      return {
        ran: [...ran],
        text: await result.text,
        usage: await result.totalUsage,
        steps: steps.map(({ finishReason, toolCalls, text }) => ({
          finishReason,
          text,
          calls: toolCalls.map(({ toolCallId, input }) => ({ toolCallId, input })),
        })),
      };
    });
    expect(through).toEqual(direct);
    expect(through.ran).toEqual(['seed keys list', 'date']);
    expect(upstream.requests).toHaveLength(4);
    // What goes back to the upstream is the same, too.
    const [, second, , fourth] = upstream.requests.map(({ body }) => body['messages']);
    expect(fourth).toEqual(second);
  });

  it('aborts', () =>
    expectAborted(async (baseURL) => {
      const abort = new AbortController();
      const result = streamText({ model: model(baseURL), messages, maxRetries: 0, abortSignal: abort.signal });
      for await (const part of result.textStream) if (part !== '') abort.abort();
    }));
});

const python = await pythonOpenAi();
if ('why' in python) console.warn(`SKIPPED the official client for Python: ${python.why}`);

describe.skipIf('why' in python)('the official client for Python', () => {
  const run = (what: string) => (baseURL: string) =>
    'client' in python ? python.client(baseURL, TASK_KEY, what) : expect.fail('no Python');

  it.each([
    ['text', TEXT],
    ['calls', TOOLS],
  ])('streams %s', async (_, behaviour) => {
    const { direct, through } = await both([behaviour], run('streamed'));
    expect(through).toEqual(direct);
  });

  it.each([
    ['text', WHOLE_TEXT],
    ['calls', WHOLE_TOOLS],
  ])('takes %s whole', async (_, behaviour) => {
    const { direct, through } = await both([behaviour], run('whole'));
    expect(through).toEqual(direct);
  });

  it('aborts', () => expectAborted(run('aborted')));
});
