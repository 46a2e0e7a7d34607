import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fencedCommands, nextFencedStep, readConversation } from './next-step.ts';
import type { ToolResult } from './playbook.ts';

const result = (output: string, failed = false): ToolResult => ({
  output,
  failed,
  exitCode: failed ? 1 : null,
});

describe('fencedCommands', () => {
  it.each<[string, string, string[]]>([
    ['none', 'just words', []],
    ['bash and sh in order', 'a\n```bash\nls\n```\nb\n```sh\npwd\nid\n```', ['ls', 'pwd\nid']],
    ['CRLF', '```bash\r\nls\r\npwd\r\n```\r\n', ['ls\npwd']],
    ['an attribute after the language', '```bash title=x\nls\n```', ['ls']],
    ['other languages', '```python\n```\n```js\nbash\n```', []],
    ['a shell example within another language', '````md\n```bash\nrm -rf /\n```\n````', []],
    ['backticks in a longer fence', '````bash\ncat <<E\n```\nE\n````', ['cat <<E\n```\nE']],
    ['tildes', '~~~bash\nls\n~~~', ['ls']],
    ['an empty block', '```bash\n\n```', []],
    ['a block that is not closed', '```bash\nrm -rf', []],
    ['inline code', 'run `bash` and ```bash ls```', []],
  ])('%s', (_, instruction, commands) => {
    expect(fencedCommands(instruction)).toEqual(commands);
  });

  it('finds every block it is given, whatever surrounds them', () => {
    const command = fc.stringMatching(/^[a-z][a-z |;$"'\n]{0,40}[a-z]$/);
    const prose = fc.stringMatching(/^[A-Za-z .,\n]{0,40}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(prose, command), { maxLength: 5 }), (parts) => {
        const instruction = parts.map(([text, code]) => `${text}\n\`\`\`bash\n${code}\n\`\`\`\n`).join('');
        expect(fencedCommands(instruction)).toEqual(parts.map(([, code]) => code));
      }),
    );
  });
});

describe('nextFencedStep', () => {
  const commands = ['a', 'b', 'c'];

  it('runs the next block while all went well', () => {
    expect(nextFencedStep(commands, [])).toEqual({ kind: 'bash', command: 'a' });
    expect(nextFencedStep(commands, [result('1'), result('2')])).toEqual({ kind: 'bash', command: 'c' });
  });

  it("answers with the last block's output", () => {
    const results = [result('1'), result('2'), result('3')];
    expect(nextFencedStep(commands, results)).toEqual({ kind: 'answer', text: '3' });
  });

  it('stops at the first block that fails and answers with its output', () => {
    const step = nextFencedStep(commands, [result('1'), result('no such file', true)]);
    expect(step).toEqual({ kind: 'answer', text: 'no such file' });
  });

  it('never answers with nothing', () => {
    expect(nextFencedStep(['a'], [result('')])).toEqual({ kind: 'answer', text: '(no output)' });
  });
});

const resultOf = (content: string, more: object = {}) =>
  readConversation([
    { role: 'user', content: 'x' },
    { role: 'tool', content, ...more },
  ]).results[0];

describe('readConversation', () => {
  it('takes the first user message as the instruction, in either form', () => {
    const system = { role: 'system', content: 'You are Pi' };
    const parts = [{ type: 'text', text: 'do ' }, { type: 'image_url' }, { type: 'text', text: 'it' }];
    expect(readConversation([system, { role: 'user', content: parts }]).instruction).toBe('do it');
    expect(readConversation([system]).instruction).toBe('');
  });

  it.each([
    ['fine\n\n', false, null],
    ['(no output)', false, null],
    ['oops\n\nCommand exited with code 4', true, 4],
    ['Command exited with code 127', true, 127],
    ['partial\n\nCommand timed out after 5 seconds', true, null],
    ['Command aborted', true, null],
    ['x\n\nCommand terminated without an exit code', true, null],
    ['Tool bash not found', true, null],
    ['the text "Command exited with code 4" in a sentence', false, null],
    ['Command exited with code 4\nand then more output', false, null],
  ])('reads the outcome of %j', (content, failed, exitCode) => {
    expect(resultOf(content)).toEqual({ output: content.trimEnd(), failed, exitCode });
  });

  it('believes an agent that marks errors', () => {
    expect(resultOf('anything', { is_error: true })?.failed).toBe(true);
  });
});
