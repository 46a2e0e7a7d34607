import { expect, it } from 'vitest';
import { wrapHelp } from './wrap.ts';

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
