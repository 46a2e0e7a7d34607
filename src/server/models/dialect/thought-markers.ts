// How models mark their thoughts in what they write: tags, the channels of gpt-oss, and thoughts that nothing
// opens. Called by thinking.ts.

/** A part of a text, up to what closes it. */
export interface Block {
  kind: 'text' | 'reasoning';
  close: RegExp;
}

const thoughts = (close: RegExp): Block => ({ kind: 'reasoning', close });
const answer = (close: RegExp): Block => ({ kind: 'text', close });

/** What a text may begin with, in lower case, and the block that it opens; null: its header says which. */
export const OPENINGS: readonly (readonly [string, Block | null])[] = [
  ['<think>', thoughts(/<\/think(?:ing)?>/i)],
  ['<thinking>', thoughts(/<\/think(?:ing)?>/i)],
  ['<thought>', thoughts(/<\/thoughts?>/i)],
  ['<thoughts>', thoughts(/<\/thoughts?>/i)],
  ['<reasoning>', thoughts(/<\/reasoning>/i)],
  ['<seed:think>', thoughts(/<\/seed:think>/i)],
  ['<|think|>', thoughts(/<\|\/think\|>/i)],
  ['[think]', thoughts(/\[\/think\]/i)],
  ['◁think▷', thoughts(/◁\/think▷/i)],
  ['<|begin_of_thought|>', thoughts(/<\|end_of_thought\|>/i)],
  ['<|begin_of_solution|>', answer(/<\|end_of_solution\|>/i)],
  ['<|start_thinking|>', thoughts(/<\|end_thinking\|>/i)],
  ['<|start_text|>', answer(/<\|end_text\|>/i)],
  ['<|start_response|>', answer(/<\|end_response\|>/i)],
  ['<|channel>thought', thoughts(/<channel\|>/i)],
  ['<|channel|>', null],
  ['<|start|>assistant<|channel|>', null],
];
/** No marker is longer: what is shorter at the end of a text may be the beginning of one. */
export const MARKER_LENGTH = 24;
export const MARKER_START = /[<[◁]/;

const HARMONY_END = /<\|(?:end|return|call)\|>|(?=<\|(?:start|channel)\|>)/;
const CHANNEL_HEADER = /^([^<]{0,200})(?:<\|constrain\|>[^<]{0,40})?<\|message\|>/;

/**
 * The block that a channel's header opens, and its length: `analysis` and `commentary` are thoughts, `final` is
 * the answer. Null: the header is not whole, or too long to be one, or what follows goes to a tool.
 */
export function channelOf(header: string): { length: number; block: Block } | null {
  const [whole, name = ''] = CHANNEL_HEADER.exec(header) ?? [];
  if (whole === undefined || name.includes('to=')) return null;
  return {
    length: whole.length,
    block: name.trim().startsWith('final') ? answer(HARMONY_END) : thoughts(HARMONY_END),
  };
}

/** Whether more may make a header of it. */
export function isHalfHeader(header: string): boolean {
  return header.length < 300 && !CHANNEL_HEADER.test(header);
}

/** How models begin to think aloud where a tag in the prompt has opened it; some answers begin so, too. */
const ALOUD = [
  ...['okay', 'ok,', 'alright,', 'hmm', 'hm,', 'well,', 'so,', 'wait', 'got it', 'let me', "let's", 'let us'],
  ...['the user', 'we need', 'we are', 'we have', 'we should', 'we must', 'we can', 'i need', 'i should'],
  ...['i have to', 'i must', "i'll", 'i think', 'i want', 'now i', "here's a thinking"],
  ...['thinking', 'analyze', 'analyzing', '1. **', '1.  ', 'to answer', 'to solve', '嗯', '好的', '好，', '首先'],
  ...['用户', '我需要', '我们'],
];
/** gpt-oss without its tokens: the names of its channels stand in the text. */
const BARE_HARMONY = /^\s*analysis(?=[A-Z"'“0-9]|$)/;
const BARE_HARMONY_END = /assistant(?:commentary)?final/;
const UNOPENED_END =
  /<\/(?:think|thinking|thoughts?|reasoning|seed:think)>|\[\/THINK\]|◁\/think▷|<\|END_THINKING\|>|<channel\|>/i;
/** What a tag closes that stands in the text. */
const OPENED =
  /<(?:think|thinking|thoughts?|reasoning|seed:think)>|\[THINK\]|◁think▷|<\|START_THINKING\|>|<\|channel>/gi;
/** Whatever may end thoughts that nothing opened. */
export const MAYBE_END = new RegExp(`${UNOPENED_END.source}|${BARE_HARMONY_END.source}`, 'i');

/** Whether a text begins, or may come to begin, like thoughts. */
export function mayBeAloud(text: string): boolean {
  if (BARE_HARMONY.test(text) || UNOPENED_END.test(text)) return true;
  const start = text.trimStart().slice(0, MARKER_LENGTH).toLowerCase();
  const isHalf = (words: string) => (start.length > 1 || start === 'i') && words.startsWith(start);
  return ALOUD.some((words) => start.startsWith(words) || isHalf(words));
}

interface End {
  /** Where the thoughts begin and end, and where what follows them begins. */
  from: number;
  to: number;
  next: number;
}

/** `wait`: what follows tells whether it is one. @param isWhole nothing follows */
export function endOfUnopened(text: string, isWhole: boolean): End | 'wait' | null {
  const harmony = BARE_HARMONY.exec(text);
  const bareEnd = harmony && BARE_HARMONY_END.exec(text);
  if (harmony && bareEnd) {
    return { from: harmony[0].length, to: bareEnd.index, next: bareEnd.index + bareEnd[0].length };
  }
  const ends = new RegExp(UNOPENED_END.source, 'gi');
  // Whoever writes about tags names them often; thoughts have one end.
  for (let seen = 0, found = ends.exec(text); found !== null && seen < 20; seen += 1, found = ends.exec(text)) {
    const next = found.index + found[0].length;
    if (next === text.length && !isWhole) return 'wait';
    const opened = text.slice(0, found.index).match(OPENED)?.length ?? 0;
    if (opened <= seen && isEnd(text, found.index, text[next])) return { from: 0, to: found.index, next };
  }
  return null;
}

/** A tag that ends thoughts follows them directly or stands in a line of its own; one that is quoted is none. */
function isEnd(text: string, index: number, after: string | undefined): boolean {
  const before = text[index - 1] ?? '\n';
  const line = text.slice(text.lastIndexOf('\n', index - 1) + 1, index);
  const ticks = line.match(/`/g)?.length ?? 0;
  const fences = text.slice(0, index).match(/^\s*```/gm)?.length ?? 0;
  const isQuoted = ticks % 2 === 1 || fences % 2 === 1 || /["'“‘(]/.test(before) || after === '`';
  return !isQuoted && before !== ' ' && before !== '\t';
}
