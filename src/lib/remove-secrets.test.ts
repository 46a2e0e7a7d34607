import fc from 'fast-check';
import { expect, it } from 'vitest';
import { removeSecrets } from './remove-secrets.ts';

it('removes a given secret wherever it stands, as often as it stands', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9_+/=$.-]{12,60}$/);
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (key, before, after) => {
      expect(removeSecrets(before + key + after + key, [key])).not.toContain(key);
    }),
  );
});

it.each([
  ['key sk-or-v1-abcdef0123456789 is bad', 'key [removed] is bad'],
  ['key sk_live_0123456789 is bad', 'key [removed] is bad'],
  ['provided: sk-pro***************wxyz.', 'provided: [removed]'],
  ['Authorization: Bearer abc.def', 'Authorization: [removed]'],
  ['{"authorization":"Basic dXNlcjpwdw=="}', '{"authorization":"[removed]"}'],
  ['sent Bearer abcdefgh to it', 'sent Bearer [removed] to it'],
  ['api_key=abcdefgh', 'api_key=[removed]'],
  ['the task asks a risk-free disk', 'the task asks a risk-free disk'],
])('%j becomes %j', (text, expected) => {
  expect(removeSecrets(text, [])).toBe(expected);
});
