import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PASSED_FIELDS, parseChatRequest, toUpstreamBody } from './chat-request.ts';

const messages = [{ role: 'user', content: 'x' }];
const upstreamBody = (more: object) => toUpstreamBody(parseChatRequest({ model: 'm', messages, ...more }), 'm');
const refusalOf = (more: object) => {
  try {
    upstreamBody(more);
  } catch (error) {
    return error;
  }
  return null;
};
const refused = (message: RegExp) => ({
  code: 'field_not_allowed',
  status: 400,
  message: expect.stringMatching(message),
});

describe('fields', () => {
  it('that say what to answer and how are passed on as they are', () => {
    const passed = {
      temperature: 0,
      top_p: 0.9,
      max_tokens: 10,
      stop: ['a'],
      reasoning: { effort: 'low' },
      tool_choice: 'auto',
      response_format: { type: 'json_object' },
      tools: [{ type: 'function', function: { name: 'bash', parameters: {} } }],
      n: 1,
    };
    expect(upstreamBody(passed)).toEqual({ model: 'm', messages, ...passed });
  });

  it.each([
    ['store', true],
    ['metadata', { a: 'b' }],
    ['prompt_cache_retention', '24h'],
    ['previous_response_id', 'resp_1'],
    ['user', 'someone'],
    ['web_search_options', { search_context_size: 'low' }],
    ['plugins', [{ id: 'web' }]],
    ['mcp_servers', [{ url: 'https://evil.example' }]],
    ['models', ['other']],
    ['provider', { order: ['x'] }],
    ['service_tier', 'priority'],
    ['api_base', 'https://evil.example'],
    ['extra_headers', { a: 'b' }],
    ['something_new', 1],
  ])('%s is refused by name', (name, value) => {
    expect(refusalOf({ [name]: value })).toMatchObject(refused(new RegExp(`^${name} `)));
  });

  it.each([
    ['store', false],
    ['metadata', null],
    ['metadata', {}],
    ['models', []],
    ['user', ''],
  ])('%s is left out when it is switched off: %j', (name, value) => {
    expect(upstreamBody({ [name]: value })).toEqual({ model: 'm', messages });
  });

  it('that are passed on are all in docs/models.md', () => {
    const page = readFileSync(new URL('../../../docs/models.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split('## What is passed on');
    const [list = ''] = section.split('A field that is switched off');
    const named = [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(named.filter((name) => name !== 'field_not_allowed').sort()).toEqual([...PASSED_FIELDS].sort());
  });

  it('ask for one answer only', () => {
    expect(refusalOf({ n: 2 })).toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/at n: one answer/),
    });
  });
});

describe('toUpstreamBody', () => {
  it('asks for usage on streams, and for nothing else', () => {
    const stream_options = { include_usage: false, include_obfuscation: true };
    expect(upstreamBody({ stream: true, stream_options })['stream_options']).toEqual({ include_usage: true });
    expect(upstreamBody({ stream: false, stream_options })).not.toHaveProperty('stream_options');
  });

  it('names the model that is asked', () => {
    expect(toUpstreamBody(parseChatRequest({ model: 'm', messages }), 'other')['model']).toBe('other');
  });
});

describe('tools', () => {
  it.each(['mcp', 'web_search', 'openrouter:web_search', 'code_interpreter'])(
    'of the type %s are refused',
    (type) => {
      const tools = [
        { type: 'function', function: { name: 'bash' } },
        { type, server_url: 'https://evil.example' },
      ];
      expect(refusalOf({ tools })).toMatchObject(refused(/^tools\.1 .*upstream would run/));
    },
  );
});

describe('messages', () => {
  const withPart = (part: object) => ({
    messages: [
      { role: 'system', content: 'x' },
      { role: 'user', content: [{ type: 'text', text: 'see https://fine.example' }, part] },
    ],
  });

  it.each([
    [{ type: 'image_url', image_url: { url: 'https://evil.example/a.png' } }, 'image_url.url'],
    [{ type: 'image_url', image_url: 'HTTP://evil.example' }, 'image_url'],
    [{ type: 'video_url', video_url: { url: '//evil.example' } }, 'video_url.url'],
    [{ type: 'file', file: { file_id: 'file-1' } }, 'file.file_id'],
    [{ type: 'file', file: { file_data: 'https://evil.example/a.pdf' } }, 'file.file_data'],
    [{ type: 'input_image', image_url: 'gs://evil' }, 'image_url'],
    [{ type: 'image', source: { type: 'url', url: 'https://evil.example' } }, 'source.url'],
  ])('with a part that points elsewhere are refused: %j', (part, place) => {
    expect(refusalOf(withPart(part))).toMatchObject(
      refused(new RegExp(`^messages\\.1\\.content\\.1\\.${place} `)),
    );
  });

  it('that refer to what the upstream keeps are refused', () => {
    const spoken = { role: 'assistant', audio: { id: 'audio_1' } };
    expect(refusalOf({ messages: [...messages, spoken] })).toMatchObject(refused(/^messages\.1\.audio /));
  });

  it.each([
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
    { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA==' } },
    { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
  ])('with a part that carries its own bytes pass: %j', (part) => {
    expect(upstreamBody(withPart(part))['messages']).toEqual(withPart(part).messages);
  });

  it("with an agent's tool calls and their results pass, whatever stands in them", () => {
    const conversation = [
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'source: https://a.example',
        tool_calls: [
          { id: 'c', type: 'function', function: { name: 'bash', arguments: '{"url":"https://a.example"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c', content: '{"file_id":"x","url":"https://a.example"}' },
    ];
    expect(upstreamBody({ messages: conversation })['messages']).toEqual(conversation);
  });
});

describe('parseChatRequest', () => {
  it('refuses what is nested deeper than anything needs', () => {
    const nested = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(refusalOf({ tools: [{ type: 'function', function: nested }] })).toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/nested deeper/),
    });
  });

  it('names the place of what is wrong', () => {
    const attempt = () => parseChatRequest({ model: 'm', messages: [{ role: 'user' }, { content: 'x' }] });
    expect(attempt).toThrow(/messages\.1\.role/);
  });
});
