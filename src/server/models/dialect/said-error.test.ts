import { describe, expect, it } from 'vitest';
import { codesOf, errorIn, messageOf, readableText, statusSaid } from './said-error.ts';

describe('messageOf', () => {
  it.each<[string, unknown, string | null]>([
    ['text', { error: 'no such model' }, 'no such model'],
    ['an object', { error: { message: 'no such model', code: 404 } }, 'no such model'],
    ['an object in an object', { error: { error: { message: 'deep' } } }, 'deep'],
    ['a list', { errors: [{ message: 'one' }, { message: 'two' }] }, 'one; two'],
    ['the same twice', { errors: [{ message: 'one' }, 'one'] }, 'one'],
    ['a message alone', { message: 'Unauthorized' }, 'Unauthorized'],
    ['a detail', { detail: 'Not Found' }, 'Not Found'],
    ['FastAPI', { detail: [{ loc: ['body', 'model'], msg: 'Field required' }] }, 'body.model: Field required'],
    ['vLLM', { object: 'error', message: 'bad', type: 'BadRequestError', code: 400 }, 'bad'],
    ['Gemini', [{ error: { code: 429, message: 'exhausted', status: 'RESOURCE_EXHAUSTED' } }], 'exhausted'],
    ['success: false', { success: false, error: 'off' }, 'off'],
    ['code and msg', { code: 1261, msg: 'Prompt too long' }, 'Prompt too long'],
    ['MiniMax', { base_resp: { status_code: 1008, status_msg: 'insufficient balance' } }, 'insufficient balance'],
    [
      'OpenRouter',
      { error: { message: 'Provider returned error', metadata: { raw: 'boom' } } },
      'Provider returned error: boom',
    ],
    [
      'JSON in the raw text of the provider',
      { error: { message: 'Provider returned error', metadata: { raw: '{"error":{"message":"boom"}}' } } },
      'Provider returned error: boom',
    ],
    [
      'JSON in the message',
      { error: { message: '{\n "error": {"code": 429, "message": "used up"}}' } },
      'used up',
    ],
    ['JSON as text', '{"error":"inside"}', 'inside'],
    ['a code alone', { error: { code: 'bad_thing' } }, 'bad_thing'],
    [
      'a code as text beside a message',
      { error: 'invalid_request', message: 'no tools' },
      'invalid_request: no tools',
    ],
    ['plain text', 'upstream down', 'upstream down'],
    [
      'a page',
      '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>x</body>',
      '502 Bad Gateway',
    ],
    ['a page in a message', { message: '<html><body><h1>Forbidden</h1></body></html>' }, 'Forbidden'],
    ['nothing', {}, null],
    ['null', null, null],
  ])('%s', (_, said, message) => {
    expect(messageOf(said)).toBe(message);
  });

  it('ends, however deep it goes', () => {
    let said: unknown = 'deep';
    for (let depth = 0; depth < 10_000; depth += 1) said = { error: said };
    expect(messageOf(said)).toBeNull();
  });
});

describe('errorIn', () => {
  it.each<[string, object]>([
    ['text', { error: 'x' }],
    ['beside choices', { error: { message: 'x' }, choices: [{ delta: { content: '' } }] }],
    ['in a choice', { choices: [{ error: { message: 'x' }, delta: {} }] }],
    ['a finish reason', { choices: [{ delta: {}, finish_reason: 'error' }] }],
    ['of the type', { type: 'error', message: 'x' }],
    ['an object error', { object: 'error', message: 'x' }],
    ['no success', { success: false }],
    ['MiniMax beside null choices', { choices: null, base_resp: { status_code: 1013 } }],
    ['a message alone', { message: 'x' }],
    ['code and msg', { code: 500, msg: 'x' }],
    ['a detail', { detail: 'x' }],
    ['in a list', [{ error: { message: 'x' } }]],
  ])('%s is one', (_, event) => {
    expect(errorIn(event)).not.toBeNull();
  });

  it.each<[string, object]>([
    ['an answer', { choices: [{ delta: { content: 'x' } }] }],
    ['null beside an answer', { error: null, choices: [] }],
    ['nothing beside an answer', { error: {}, errors: [], choices: [] }],
    ['false beside an answer', { error: false, choices: [] }],
    ['usage alone', { usage: { prompt_tokens: 1 }, message: 'done' }],
    ['all well at MiniMax', { choices: [], base_resp: { status_code: 0, status_msg: '' } }],
    ['a message of an answer', { message: { role: 'assistant', content: 'x' } }],
    ['a wrapper that is well', { code: 0, msg: 'success' }],
    ['a ping', { type: 'ping' }],
    ['a word in passing', { status: 'queued', message: 'You are the third' }],
    ['nothing', {}],
  ])('%s is none', (_, event) => {
    expect(errorIn(event)).toBeNull();
  });
});

it('finds codes wherever they stand, each once', () => {
  const raw = '{"error":{"type":"invalid_request_error","code":400}}';
  const codes = codesOf({ code: 400, error: { code: 'Context_Length', metadata: { raw } } });
  expect(codes.toSorted()).toEqual(['400', 'context_length', 'invalid_request_error']);
});

it('reads the status that an error tells of', () => {
  expect(statusSaid(codesOf({ error: { code: '503', message: 'Loading model' } }))).toBe(503);
  expect(statusSaid(codesOf({ error: { code: 1008 } }))).toBeNull();
});

it('leaves text that is no page as it is', () => {
  expect(readableText('a < b and c > d')).toBe('a < b and c > d');
  expect(readableText('<html><script>var a = "<p>";</script>Please &amp; thank you')).toBe('Please & thank you');
  expect(readableText('<html>')).toBe('');
});
