// Takes the thoughts out of a text that begins with them, as open models write them. A tag that stands anywhere
// else is a part of the answer. Called by content.ts.
import {
  type Block,
  channelOf,
  endOfUnopened,
  isHalfHeader,
  MARKER_LENGTH,
  MARKER_START,
  MAYBE_END,
  mayBeAloud,
  OPENINGS,
} from './thought-markers.ts';

export interface Split {
  text: string;
  reasoning: string;
}

export interface ThoughtReader {
  push(text: string): Split;
  /** What is held back, for nothing that would change its meaning can follow. */
  flush(): Split;
  /** Thoughts come apart from the text: none that nothing opens are looked for. */
  expectNone(): void;
  readonly heldLength: number;
}

/** No more than this is held back until something ends the thoughts that nothing opened; then it is an answer. */
const MOST_HELD = 256 * 1024;
/** Looked through so often: an answer about tags names them again and again. */
const MOST_LOOKS = 100;
/** Longer than whatever tells how a text begins. */
const SURE_LENGTH = 64;
const NEVER = /$^/;

export function createThoughtReader(): ThoughtReader {
  /** `start`: a block may open. `aloud`: maybe in one that nothing opened. `answer`: all that follows is told. */
  let state: 'start' | 'aloud' | 'answer' | Block = 'start';
  let held = '';
  /** The rest of what is held back while the model may think aloud, and its last characters. */
  let before: string[] = [];
  let beforeLength = 0;
  let lastOf = '';
  let looks = 0;
  let isAloudExpected = true;
  /** Space between thoughts and answer is told as neither, and space within thoughts when more follows it. */
  let trimsText = false;
  let hasThought = false;
  let space = '';

  const tell = (out: Split, kind: Block['kind'], text: string) => {
    if (kind === 'text') {
      out.text += trimsText ? text.trimStart() : text;
      if (out.text !== '') trimsText = false;
      return;
    }
    const thought = hasThought ? space + text : text.trimStart();
    const words = thought.trimEnd();
    space = thought.slice(words.length);
    hasThought ||= words !== '';
    out.reasoning += words;
  };

  const open = (block: Block, rest: string): true => {
    state = block;
    held = rest;
    isAloudExpected = false;
    if (block.kind === 'reasoning') [trimsText, hasThought, space] = [true, false, ''];
    return true;
  };

  /** Each returns whether there is more to do with what is held. */
  const begin = (): boolean => {
    const text = held.trimStart();
    if (text === '') return false;
    for (const [opening, block] of OPENINGS) {
      const begun = text.slice(0, opening.length).toLowerCase();
      if (begun === opening) {
        const rest = text.slice(opening.length);
        if (block !== null) return open(block, rest);
        const channel = channelOf(rest);
        if (channel !== null) return open(channel.block, rest.slice(channel.length));
        if (isHalfHeader(rest)) return false;
      } else if (text.length < opening.length && opening.startsWith(begun)) return false;
    }
    state = isAloudExpected && mayBeAloud(text) ? 'aloud' : 'answer';
    return true;
  };

  const read = (out: Split, { kind, close }: Block): boolean => {
    const end = close.exec(held);
    if (end !== null) {
      tell(out, kind, held.slice(0, end.index));
      held = held.slice(end.index + end[0].length);
      state = 'start';
      return true;
    }
    const from = Math.max(0, held.length - MARKER_LENGTH);
    const mark = held.slice(from).search(MARKER_START);
    const told = mark === -1 ? held.length : from + mark;
    tell(out, kind, held.slice(0, told));
    held = held.slice(told);
    return false;
  };

  const listen = (out: Split, isWhole: boolean): boolean => {
    const end = endOfUnopened(held, isWhole);
    if (end === 'wait') return false;
    if (end !== null) {
      const thought = held.slice(end.from, end.to);
      open({ kind: 'reasoning', close: NEVER }, held.slice(end.next));
      tell(out, 'reasoning', thought);
      state = 'start';
      return true;
    }
    looks += 1;
    if (!isWhole && looks < MOST_LOOKS && held.length < MOST_HELD && mayBeAloud(held)) return false;
    state = 'answer';
    return true;
  };

  const work = (out: Split, isWhole: boolean): void => {
    for (let more = held !== ''; more; more = more && held !== '') {
      if (state === 'start') more = begin();
      else if (state === 'aloud') more = listen(out, isWhole);
      else if (state === 'answer') {
        tell(out, 'text', held);
        held = '';
      } else more = read(out, state);
    }
  };

  /** Most parts of what may be thoughts cannot end them, and are put aside without another look. */
  const putAside = (text: string): boolean => {
    before.push(text);
    beforeLength += text.length;
    const end = lastOf + text;
    lastOf = end.slice(-MARKER_LENGTH);
    if (beforeLength >= SURE_LENGTH && beforeLength < MOST_HELD && !MAYBE_END.test(end)) return true;
    takeBack();
    return false;
  };
  const takeBack = () => {
    held = before.join('') + held;
    before = [];
    beforeLength = 0;
  };

  return {
    push(text) {
      const out: Split = { text: '', reasoning: '' };
      if (state === 'answer' && !trimsText) return { text, reasoning: '' };
      if (state !== 'aloud') held += text;
      else if (putAside(text)) return out;
      work(out, false);
      if (state === 'aloud') {
        before = [held];
        beforeLength = held.length;
        lastOf = held.slice(-MARKER_LENGTH);
        held = '';
      }
      return out;
    },
    flush() {
      const out: Split = { text: '', reasoning: '' };
      takeBack();
      if (state === 'aloud') work(out, true);
      tell(out, typeof state === 'object' ? state.kind : 'text', held);
      held = '';
      if (typeof state === 'string') state = 'answer';
      return out;
    },
    expectNone() {
      isAloudExpected = false;
    },
    get heldLength() {
      return held.length + beforeLength;
    },
  };
}
