// Calls written as text: every form is read, and none of them runs that stood in what the model was given to read,
// however it was written there.
import { describe, expect, test } from 'vitest';
import { ENCODINGS, FORMATS, PLACES } from '../../../../test/fixtures/written-call-forms.ts';
import { isNothingButCalls, writtenCalls } from '../../../lib/written-calls/written-calls.ts';
import { offeredTools, safeCall } from './text-calls.ts';

const schema = {
  type: 'object',
  properties: { command: { type: 'string' }, timeout: { type: 'number' } },
  required: ['command'],
};
const tools = offeredTools([{ type: 'function', function: { name: 'bash', parameters: schema } }]);
const json = (value: unknown) => JSON.stringify(value);
const user = (content: unknown) => ({ role: 'user', content });
const RM = { command: 'rm -rf "/srv/data dir"/* && echo \'done: 1\'' };
const formats = Object.entries(FORMATS);

describe('the forms', () => {
  test.each(formats)('%s', (_, write) => {
    for (const args of [
      RM,
      { command: 'ls' },
      { command: 'a\nb\tc', timeout: 5 },
      { command: 'größe 🌍 \\d \\\\' },
    ]) {
      expect(writtenCalls(write('bash', args), tools)).toEqual([{ name: 'bash', arguments: args }]);
      expect(safeCall(` \n${write('bash', args)}\n`, tools, [user('go')])).toEqual({
        name: 'bash',
        arguments: args,
      });
      expect(isNothingButCalls(write('bash', args), tools)).toBe(true);
    }
  });

  test.each(formats)('%s with anything around it is an answer', (_, write) => {
    const call = write('bash', RM);
    for (const text of [
      `I would run this:\n${call}`,
      `${call}\nThat is what I ran.`,
      `${call}\n\n${write('bash', { command: 'ls' })}`,
    ]) {
      expect(safeCall(text, tools, [user('go')])).toBeNull();
    }
  });

  test.each(formats)('%s of a tool that is not offered is an answer', (_, write) => {
    expect(safeCall(write('other', RM), tools, [user('go')])).toBeNull();
    expect(isNothingButCalls(write('other', RM), tools)).toBe(false);
  });

  test.each([
    '{"name":"Ada","arguments":{"command":"ls"}}',
    '{"name":"bash"}',
    '{"command":"ls"}',
    '{"name":"bash","version":"5.2"}',
    '{"name":"bash","arguments":{"command":"ls"},"comment":"an example"}',
    '[1,2]',
    '```json\n{"items":[]}\n```',
    '```bash\nls -l\n```',
    '```sh\nbash(command="ls")\n```',
    '```python\nbash(command="ls")\n```',
    'ls -l',
    'bash',
    '<p>bash</p>',
    'Action: none',
    '',
  ])('is an answer: %s', (text) => {
    expect(safeCall(text, tools, [user('go')])).toBeNull();
    expect(isNothingButCalls(text, tools)).toBe(false);
  });

  test.each([
    '{"name":"bash","arguments":{}}',
    '{"name":"bash","arguments":{"command":5}}',
    '{"name":"bash","arguments":{"command":["ls"]}}',
  ])('arguments that do not fit are not run: %s', (text) => {
    expect(safeCall(text, tools, [user('go')])).toBeNull();
    expect(isNothingButCalls(text, tools)).toBe(true);
  });

  test.each([
    '<tool_call>{"name":"bash","arguments":{"command":"rm -r',
    '{"name": "bash", "arguments": {"command": "ls}',
    '[TOOL_CALLS][{"name":"bash"',
    '<function=bash><parameter=command>a</parameter>b</parameter></function>',
    '<|python_tag|>bash.call(command="ls',
    '```json\n{"name":"bash","arguments":{"command":ls}}\n```',
  ])('what cannot be read is nothing but a call, and is not run: %s', (text) => {
    expect(safeCall(text, tools, [user('go')])).toBeNull();
    expect(isNothingButCalls(text, tools)).toBe(true);
  });

  test('a schema that could keep the server busy is not followed', () => {
    const call = FORMATS['bare JSON']?.('bash', { command: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' }) ?? '';
    for (const command of [{ pattern: '^(a+)+$' }, { $ref: '#' }, { anyOf: [{ $ref: '#/$defs/x' }] }]) {
      const parameters = { type: 'object', properties: { command }, $defs: { x: { type: 'string' } } };
      const costly = offeredTools([{ type: 'function', function: { name: 'bash', parameters } }]);
      expect(safeCall(call, costly, [user('go')])).toBeNull();
    }
  });

  test.each([
    ' ',
    '\n',
    '\t',
    '`',
    '<',
    '[',
    '{',
    '"',
    '\\',
    '%',
    '&',
    'a=',
    '<|',
    'Action: ',
    '```\n',
    '<function=a>',
  ])('is read in a moment, however often %j stands in it', (part) => {
    const before = performance.now();
    for (const text of [
      part.repeat(50_000),
      `{${part.repeat(50_000)}`,
      `<tool_call>${part.repeat(30_000)}x`,
      `to=bash${part.repeat(30_000)}{`,
    ]) {
      safeCall(text, tools, [user(text)]);
      isNothingButCalls(text, tools);
    }
    expect(performance.now() - before).toBeLessThan(4_000);
  });
});

describe('an echo is not run', () => {
  const written = formats.flatMap(([name, write]) =>
    Object.entries(ENCODINGS).map(
      ([encoding, encode]) => [`${name}, ${encoding}`, encode(write('bash', RM))] as const,
    ),
  );

  const echo = json({ name: 'bash', arguments: RM });

  test.each(written)('%s', (_, text) => {
    for (const [place, put] of Object.entries(PLACES)) expect(safeCall(echo, tools, put(text)), place).toBeNull();
  });

  test.each(formats)('%s, echoed in every other form', (_, write) => {
    for (const [form, rewrite] of formats) {
      expect(safeCall(rewrite('bash', RM), tools, [user(write('bash', RM))]), form).toBeNull();
    }
  });

  test.each(written)('%s: another call is run', (_, text) => {
    const other = json({ name: 'bash', arguments: { command: 'rm -rf /srv/other' } });
    expect(safeCall(other, tools, [user(text)])).not.toBeNull();
  });

  test('its parts from several places', () => {
    const messages = [
      user('{"name":"bash","arguments":'),
      { role: 'tool', content: `{"command": ${JSON.stringify(RM.command)}}}` },
    ];
    expect(safeCall(JSON.stringify({ name: 'bash', arguments: RM }), tools, messages)).toBeNull();
  });

  test('with a number or a yes more or less', () => {
    for (const [given, echoed] of [
      [RM, { ...RM, timeout: 5 }],
      [{ ...RM, timeout: 9 }, RM],
      [
        { ...RM, timeout: 9 },
        { ...RM, timeout: 1 },
      ],
    ]) {
      const messages = [user(json({ name: 'bash', arguments: given }))];
      expect(safeCall(json({ name: 'bash', arguments: echoed }), tools, messages)).toBeNull();
    }
  });

  test('written as YAML, where nothing has quotes', () => {
    const call = json({ name: 'bash', arguments: { command: 'rm -rf /srv' } });
    const yaml = 'tool: bash\narguments:\n  command: rm -rf /srv\n';
    for (const text of [yaml, json({ note: yaml })]) expect(safeCall(call, tools, [user(text)])).toBeNull();
  });

  test('what the operator and the model itself said does not count', () => {
    const call = JSON.stringify({ name: 'bash', arguments: RM });
    for (const role of ['system', 'developer', 'assistant']) {
      expect(safeCall(call, tools, [{ role, content: call }, user('go')])).not.toBeNull();
    }
  });

  test.each([
    'Run `ls -la /srv` and tell me what is there.',
    'Use bash to run the command ls -la /srv.',
    'Use the bash tool. The command is: ls -la /srv',
    'Run this command:\n\n    ls -la /srv\n',
    '- ls -la /srv\n- with bash',
    '{"items":[{"name":"ls -la /srv"}]}',
  ])('an instruction that names the command is no call: %s', (instruction) => {
    const call = JSON.stringify({ name: 'bash', arguments: { command: 'ls -la /srv' } });
    expect(safeCall(call, tools, [user(instruction)])).not.toBeNull();
  });

  test('more than can be looked through counts as found', () => {
    const call = JSON.stringify({ name: 'bash', arguments: { command: 'ls' } });
    expect(safeCall(call, tools, [user('x'.repeat(3 * 1024 * 1024))])).toBeNull();
  });
});
