import { describe, expect, test } from 'vitest';
import { createThoughtReader } from './thinking.ts';

function read(texts: readonly string[]) {
  const reader = createThoughtReader();
  const splits = [...texts.map((text) => reader.push(text)), reader.flush()];
  expect(reader.heldLength).toBe(0);
  return [splits.map(({ reasoning }) => reasoning).join(''), splits.map(({ text }) => text).join('')];
}

/** As one text, cut everywhere into two, and a character at a time. @param from where the first cut may be */
function expectSplit(text: string, split: [reasoning: string, text: string], from = 1) {
  expect(read([text])).toEqual(split);
  for (let at = from; at < text.length; at += 1) expect(read([text.slice(0, at), text.slice(at)])).toEqual(split);
  expect(read([text.slice(0, from), ...Array.from(text.slice(from))])).toEqual(split);
}

describe('thoughts that a tag opens', () => {
  test.each<[string, string, string]>([
    ['<think>a b</think>c', 'a b', 'c'],
    ['\n<Think>\n a\n\nb \n</THINK>\n\n c\n', 'a\n\nb', 'c\n'],
    ['<think></think>\n\nc', '', 'c'],
    ['<think>a</think><think>b</think>c', 'ab', 'c'],
    ['<think>a < b, a <b>, </thin>', 'a < b, a <b>, </thin>', ''],
    ['<think>a', 'a', ''],
    ['<think>a</thi', 'a</thi', ''],
    ['<thinking>a</thinking>c', 'a', 'c'],
    ['<thought>a</thought>c', 'a', 'c'],
    ['<reasoning>a</reasoning>c', 'a', 'c'],
    ['<seed:think>a</seed:think>c', 'a', 'c'],
    ['[THINK]a[/THINK]c', 'a', 'c'],
    ['◁think▷a◁/think▷c', 'a', 'c'],
    ['<|begin_of_thought|>a<|end_of_thought|>\n\n<|begin_of_solution|>c<|end_of_solution|>', 'a', 'c'],
    ['<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>c<|END_RESPONSE|>', 'a', 'c'],
    ['<|channel>thought\na<channel|>c', 'a', 'c'],
    ['<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>c<|return|>', 'a', 'c'],
    ['<|channel|>commentary<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>c', 'a', 'c'],
    ['<think>a</think>c <think>d</think>', 'a', 'c <think>d</think>'],
  ])('%j', (text, reasoning, answer) => expectSplit(text, [reasoning, answer]));
});

describe('no thoughts', () => {
  test.each([
    'c',
    '\n\n  c\n',
    '<',
    '<thin',
    '<b>bold</b>',
    '[1] and [2]',
    'The tag <think> opens, and </think> ends.',
    '`</think>` ends what `<think>` opens.',
    'Let me show you:\n```\n</think>\n```\nThat is all.',
    'Let me quote "</think>" and (</think>) and say </think> here.',
    'I think so.',
    'Okay, done.',
    '<|channel|>commentary to=functions.bash <|constrain|>json<|message|>{"command":"ls"}<|call|>',
    '<|channel|> is a token',
    'analysis of the data',
  ])('in %j', (text) => expectSplit(text, ['', text]));
});

describe('thoughts that nothing opens', () => {
  test.each<[string, string, string]>([
    ['Okay, so a.\n</think>\n\nc', 'Okay, so a.', 'c'],
    ['The user asks. `<b>` or <i>?</think>c', 'The user asks. `<b>` or <i>?', 'c'],
    ['Hmm.\n</think>', 'Hmm.', ''],
    ['嗯，用户。\n</think>\n\n好', '嗯，用户。', '好'],
    ['We need a.◁/think▷c', 'We need a.', 'c'],
    ['analysisWe need a.assistantfinalc', 'We need a.', 'c'],
  ])('%j', (text, reasoning, answer) =>
    expectSplit(text, [reasoning, answer], text.startsWith('analysis') ? 8 : 4),
  );

  test('are found in one text however they begin', () => {
    expect(read(['Greetings need greetings.</think>Hello'])).toEqual(['Greetings need greetings.', 'Hello']);
  });

  test('are not looked for where thoughts come apart', () => {
    const reader = createThoughtReader();
    reader.expectNone();
    expect(reader.push('Okay, so').text).toBe('Okay, so');
  });

  test('hold nothing back for ever', () => {
    const reader = createThoughtReader();
    let told = '';
    for (let at = 0; at < 1_000; at += 1)
      told += reader.push(`Okay, this is sentence ${at} of it all. `.repeat(20)).text;
    expect(told.length).toBeGreaterThan(400_000);
    expect(reader.heldLength).toBe(0);
    const about = createThoughtReader();
    for (let at = 0; at < 300; at += 1) about.push('Okay, `</think>` is a tag. ');
    expect(about.heldLength).toBe(0);
  });
});
