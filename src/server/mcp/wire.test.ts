// Nulls that stand for what a client leaves out of a request.
import { expect, it } from 'vitest';
import { withoutNulls } from './wire.ts';

it.each([
  ['{"method":"tools/list","params":null}', '{"method":"tools/list"}'],
  ['{"method":"tools/list","params":{"cursor":null}}', '{"method":"tools/list","params":{}}'],
  [
    '{"method":"tools/call","params":{"name":"x","arguments":null,"_meta":{"progressToken":null}}}',
    '{"method":"tools/call","params":{"name":"x","_meta":{}}}',
  ],
  [
    '{"method":"initialize","params":{"capabilities":{"roots":null,"elicitation":{}},"clientInfo":{"title":null}}}',
    '{"method":"initialize","params":{"capabilities":{"elicitation":{}},"clientInfo":{}}}',
  ],
  ['[{"id":1,"params":null},{"id":2,"params":{"a":null}}]', '[{"id":1},{"id":2,"params":{}}]'],
])('%s is %s', (given, read) => {
  expect(withoutNulls(given)).toBe(read);
});

it.each([
  '{"params":{"name":"x","arguments":{"url":null,"deep":[{"a":null}]}}}',
  '{"jsonrpc":"2.0","id":null,"result":{"a":null}}',
  'null',
  '[null]',
  'null and no JSON',
  '{"params":{"big":12345678901234567890}}',
])('%s stays as it is', (given) => {
  expect(withoutNulls(given)).toBe(given);
});

it('goes no deeper than the input of a tool may', () => {
  const deep = `{"params":${'['.repeat(5000)}null${']'.repeat(5000)}}`;
  expect(withoutNulls(deep)).toBe(deep);
});
