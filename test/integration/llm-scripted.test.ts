// The scripted model through the gateway, spoken to with OpenAI's own client.
import type OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { playbooksOf } from '../../src/server/packs/load-packs.ts';
import { OWN_TEMPLATES } from '../../src/server/templates/own-templates.ts';
import { type GatewayServer, startGateway, TASK_ID } from '../fixtures/llm-gateway-server.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';

const tools: OpenAI.ChatCompletionTool[] = [
  {
    type: 'function',
    function: { name: 'bash', parameters: { type: 'object', properties: { command: { type: 'string' } } } },
  },
];
const instruction = 'Do this:\n```bash\necho one\n```\nthen\n```sh\necho two\n```';

let server: GatewayServer;
beforeEach(async () => {
  server = await startGateway('scripted', { settings: llmSettings() });
});
afterEach(() => server.close());

type Turn = {
  text: string;
  call: { id: string; command: string } | null;
  finish: string | null;
  tokens: number;
};

const readJson = async (messages: OpenAI.ChatCompletionMessageParam[]): Promise<Turn> => {
  const answer = await server.client.chat.completions.create({ model: 'scripted', messages, tools });
  const [choice] = answer.choices;
  const call = choice?.message.tool_calls?.[0];
  return {
    text: choice?.message.content ?? '',
    call: call?.type === 'function' ? { id: call.id, command: JSON.parse(call.function.arguments).command } : null,
    finish: choice?.finish_reason ?? null,
    tokens: answer.usage?.total_tokens ?? 0,
  };
};

const readStream = async (messages: OpenAI.ChatCompletionMessageParam[]): Promise<Turn> => {
  const answer = server.client.chat.completions.stream({ model: 'scripted', messages, tools });
  const whole = await answer.finalChatCompletion();
  const [choice] = whole.choices;
  const call = choice?.message.tool_calls?.[0];
  return {
    text: choice?.message.content ?? '',
    call: call?.type === 'function' ? { id: call.id, command: JSON.parse(call.function.arguments).command } : null,
    finish: choice?.finish_reason ?? null,
    tokens: whole.usage?.total_tokens ?? 0,
  };
};

describe.each([
  ['JSON', readJson],
  ['a stream', readStream],
])('as %s', (_, read) => {
  it('calls bash for each block and answers with the last output', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: instruction }];
    const seen: Turn[] = [];
    for (const output of ['one\n', 'two\n']) {
      const turn = await read(messages);
      seen.push(turn);
      const { id, command } = turn.call ?? { id: '', command: '' };
      const tool_calls = [
        { id, type: 'function' as const, function: { name: 'bash', arguments: JSON.stringify({ command }) } },
      ];
      messages.push({ role: 'assistant', tool_calls }, { role: 'tool', tool_call_id: id, content: output });
    }
    const last = await read(messages);
    expect(seen.map(({ call }) => call?.command)).toEqual(['echo one', 'echo two']);
    expect(seen.map(({ finish }) => finish)).toEqual(['tool_calls', 'tool_calls']);
    expect(new Set(seen.map(({ call }) => call?.id)).size).toBe(2);
    expect(last).toMatchObject({ text: 'two', call: null, finish: 'stop' });
    const recorded = server.recorded.map(({ call }) => call.inputTokens + call.outputTokens);
    expect(recorded).toEqual([...seen, last].map(({ tokens }) => tokens));
    expect(Math.min(...recorded)).toBeGreaterThan(0);
    expect(server.recorded.every(({ taskId }) => taskId === TASK_ID)).toBe(true);
  });

  it('says what it is when it does not know the instruction', async () => {
    const { text } = await read([{ role: 'user', content: 'Write a poem' }]);
    expect(text).toMatch(/not a language model[\s\S]*SEED_LLM_BASE_URL[\s\S]*OPENROUTER_API_KEY/);
  });

  it('passes long answers on unharmed', async () => {
    const output = 'x😀'.repeat(5_000);
    const turn = await read([
      { role: 'user', content: '```bash\ncat x\n```' },
      {
        role: 'assistant',
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'bash', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: output },
    ]);
    expect(turn.text).toBe(output);
  });
});

it.each(OWN_TEMPLATES)('knows the instruction "$title" by heart', async ({ instruction: content }) => {
  const knowing = await startGateway('scripted', {
    settings: llmSettings(),
    playbooks: await playbooksOf([]),
  });
  const { choices } = await knowing.client.chat.completions.create({
    model: 'scripted',
    messages: [{ role: 'user', content }],
    tools,
  });
  await knowing.close();
  expect(choices[0]?.finish_reason).toBe('tool_calls');
});

it('is the default and the only model when nothing is set', async () => {
  expect(server.gateway.defaultModels).toEqual(['scripted']);
  expect(server.gateway.knows('scripted')).toBe(true);
  expect(server.gateway.knows('gpt-4o')).toBe(false);
  const ids: string[] = [];
  for await (const model of server.client.models.list()) ids.push(model.id);
  expect(ids).toEqual(['scripted']);
});

it('answers in words when the request offers no bash tool', async () => {
  const messages = [{ role: 'user' as const, content: instruction }];
  const { choices } = await server.client.chat.completions.create({ model: 'scripted', messages });
  expect(choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: expect.stringContaining('bash') },
  });
});
