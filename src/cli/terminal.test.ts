import { expect, it } from 'vitest';
import { escapeJson } from '../lib/json.ts';
import { sanitise, sanitiseLine, wrapHelp } from './terminal.ts';

it.each([
  ['plain text, ümläut 漢字 🙂', 'plain text, ümläut 漢字 🙂'],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b]0;title\u0007after', 'after'],
  ['\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
  ['\u001bPq#0\u001b\\after', 'after'],
  ['\u009b2Jcleared', 'cleared'],
  ['\u009d0;title\u009cafter', 'after'],
  ['unterminated \u001b]0;title', 'unterminated '],
  ['cut \u001b[', 'cut '],
  ['\u001bc reset', ' reset'],
  ['\u001b\u001b[31m[31m', '[31m'],
  ['bell\u0007 back\u0008 null\u0000 del\u007f', 'bell back null del'],
  ['over\rwritten', 'over\nwritten'],
  ['dos\r\nlines\tkept', 'dos\nlines\tkept'],
  ['user\u202egnp.exe', 'usergnp.exe'],
])('%j becomes %j', (text, safe) => {
  expect(sanitise(text)).toBe(safe);
});

it('leaves no control character whatever comes', () => {
  for (let code = 0; code < 0xa0; code++) {
    for (const text of [`a${String.fromCharCode(code)}b`, `\u001b${String.fromCharCode(code)}\u001b[1m`]) {
      const kept = [...sanitise(text)].filter((char) => char !== '\n' && char !== '\t');
      expect(kept.every((char) => char >= ' ' && char <= '~')).toBe(true);
    }
  }
});

it('puts a line together', () => {
  expect(sanitiseLine('  two\n  lines\u001b[K ')).toBe('two lines');
});

it('escapes what JSON leaves bare without changing its meaning', () => {
  const value = { text: 'a\u009b2J\u202e\u007f\u001b' };
  const escaped = escapeJson(JSON.stringify(value));
  expect([...escaped].every((char) => char >= ' ' && char <= '~')).toBe(true);
  expect(JSON.parse(escaped)).toEqual(value);
});

it('wraps under the second column and leaves examples and short lines', () => {
  const text =
    'Flags:\n  --name <text>  What the thing is called by people\n  seed things make --name "a very long example"';
  expect(wrapHelp(text, 36)).toBe(
    [
      'Flags:',
      '  --name <text>  What the thing is',
      '                 called by people',
      '  seed things make --name "a very long example"',
    ].join('\n'),
  );
});
