import { describe, expect, it } from 'vitest';
import { DROPPED_FIELDS, parseChatRequest, toUpstreamBody } from './chat-request.ts';

const upstreamBody = (more: object) =>
  toUpstreamBody(parseChatRequest({ model: 'm', messages: [{ role: 'user', content: 'x' }], ...more }));
const partsSent = (...content: object[]) => {
  const [message] = upstreamBody({ messages: [{ role: 'user', content }] })['messages'] as {
    content: object[];
  }[];
  return message?.content;
};

describe('toUpstreamBody', () => {
  it('drops every listed field and keeps what it does not know', () => {
    const fields = Object.fromEntries(DROPPED_FIELDS.map((name) => [name, 'x']));
    const kept = { temperature: 1, reasoning: { effort: 'low' }, tool_choice: 'auto' };
    expect(upstreamBody({ ...fields, ...kept })).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
      ...kept,
    });
  });

  it('forces usage on streams and leaves other requests alone', () => {
    expect(upstreamBody({ stream: true })['stream_options']).toEqual({ include_usage: true });
    expect(upstreamBody({ stream: false, stream_options: { a: 1 } })).not.toHaveProperty('stream_options');
  });

  it.each([
    { type: 'image_url', image_url: { url: 'https://evil.example/a.png' } },
    { type: 'image_url', image_url: 'HTTP://evil.example' },
    { type: 'video_url', video_url: { url: '//evil.example' } },
    { type: 'file', file: { file_id: 'file-1' } },
    { type: 'file', file: { file_data: 'https://evil.example/a.pdf' } },
    { type: 'input_image', image_url: 'gs://evil' },
  ])('replaces a part that points elsewhere: %j', (part) => {
    const text = { type: 'text', text: 'see https://fine.example' };
    expect(partsSent(text, part)).toEqual([text, { type: 'text', text: expect.stringContaining('removed') }]);
  });

  it.each([
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
    { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA==' } },
    { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
  ])('keeps a part that carries its own bytes: %j', (part) => {
    expect(partsSent(part)).toEqual([part]);
  });
});

describe('parseChatRequest', () => {
  it('names the place of what is wrong', () => {
    const attempt = () => parseChatRequest({ model: 'm', messages: [{ role: 'user' }, { content: 'x' }] });
    expect(attempt).toThrow(/messages\.1\.role/);
  });
});
