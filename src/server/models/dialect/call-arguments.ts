// The arguments of one call: collected as they come, and made one text of JSON when the call is whole. What cannot
// be read without guessing stays as it came: whoever runs calls must refuse it. Called by tool-calls.ts.
import { isDeepStrictEqual } from 'node:util';
import { endOfObject, isRecord, parseJson, repairedJson } from '../../../lib/json.ts';

export class CallArguments {
  readonly #texts: string[] = [];
  #bytes = 0;
  /** Where the text stands between brackets and strings. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  #begun = false;

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether anything but space has come. */
  get hasBegun(): boolean {
    return this.#begun;
  }

  /** Whether what has come is one whole object, as far as its brackets tell. */
  get isWhole(): boolean {
    return this.#begun && this.#depth <= 0 && !this.#inString;
  }

  add(text: string): void {
    if (text === '') return;
    this.#texts.push(text);
    this.#bytes += Buffer.byteLength(text);
    for (const char of text) this.#scan(char);
  }

  /** Takes the place of all that came before. */
  replace(text: string): void {
    this.#texts.length = 0;
    [this.#bytes, this.#depth, this.#inString, this.#escaped, this.#begun] = [0, 0, false, false, false];
    this.add(text);
  }

  /** Whether what has come is an object with nothing in it: the real ones may follow. */
  get isEmpty(): boolean {
    return this.#bytes < 40 && /^[\s{}]*$/.test(this.#texts.join(''));
  }

  /** Whether it is the same value as that text. */
  isSame(other: string): boolean {
    const value = readArguments([other]);
    return value !== null && isDeepStrictEqual(value, readArguments(this.#texts));
  }

  /** One text: JSON of an object wherever it can be read as one, else what came. */
  text(isFree: boolean): string {
    const whole = this.#texts.join('');
    if (isFree) return whole;
    const direct = parseJson(whole);
    if (isRecord(direct)) return whole.trim();
    const value = readArguments(this.#texts);
    return value === null ? whole : JSON.stringify(value);
  }

  #scan(char: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (this.#inString) {
      if (char === '\\') this.#escaped = true;
      else if (char === '"') this.#inString = false;
    } else if (char === '"') {
      this.#inString = true;
      this.#begun = true;
    } else if (char === '{' || char === '[') {
      this.#depth += 1;
      this.#begun = true;
    } else if (char === '}' || char === ']') this.#depth -= 1;
    else if (char.trim() !== '') this.#begun = true;
  }
}

type Read = Record<string, unknown> | null;

/** Each way to read them is tried; null: none gives an object. */
function readArguments(texts: readonly string[]): Read {
  const whole = texts.join('');
  return readText(whole) ?? readCumulative(texts) ?? readRepeated(texts);
}

function readText(text: string): Read {
  const bare = unfenced(text.trim());
  return readValue(bare) ?? readAfterNothing(bare) ?? readBeforeRest(bare);
}

/** JSON of an object, of nothing, or of a text that is itself JSON of them. */
function readValue(text: string, layers = 3): Read {
  if (text === '' || text === 'null') return {};
  const value = parseJson(text) ?? parseJson(repairedJson(text));
  if (value === null || value === '') return {};
  if (typeof value === 'string')
    return layers > 0 && /^\s*[{"]|^\s*$/.test(value) ? readValue(value.trim(), layers - 1) : null;
  return isRecord(value) ? value : null;
}

/** In a fence, or with the fence's language left in front of it. */
function unfenced(text: string): string {
  const lineEnd = text.indexOf('\n');
  const isFence = text.startsWith('```') && text.endsWith('```') && lineEnd > 0 && lineEnd < text.length - 3;
  return (isFence ? text.slice(lineEnd + 1, -3) : text.replace(/^json\s*(?=\{)/, '')).trim();
}

/** Some begin each call with empty arguments and then send the real ones. */
function readAfterNothing(text: string): Read {
  const rest = /^(?:\{\s*\}|null|"")\s*([{"][\s\S]*)$/.exec(text)?.[1];
  return rest === undefined ? null : readValue(rest);
}

/** What servers leave behind a call: tokens and tags of its end, a fence, brackets too many. */
const REST =
  /^(?:\s|[}\]]|```|<\|[^|<>]{1,40}\|>|<｜[^｜<>]{1,40}｜>|<\/?[a-zA-Z_:]{1,40}>|\[DONE\]|\[\/?[A-Z_]{1,20}\])*$/;

/** One object, then nothing that could mean something; or the same object again. */
function readBeforeRest(text: string): Read {
  const end = text.startsWith('{') ? endOfObject(text) : -1;
  if (end === -1) return null;
  const value = readValue(text.slice(0, end));
  const rest = text.slice(end);
  if (REST.test(rest)) return value;
  return value !== null && isDeepStrictEqual(readValue(rest.trim(), 0), value) ? value : null;
}

/** Each part repeats all that was before it. */
function readCumulative(texts: readonly string[]): Read {
  const parts = texts.filter((text) => text.trim() !== '');
  const last = parts.at(-1);
  if (last === undefined || parts.length < 2) return null;
  const grows = parts.every((part, at) => at === 0 || part.startsWith((parts[at - 1] ?? '').trimEnd()));
  return grows ? readValue(last.trim()) : null;
}

/** In parts, and at the end once more as a whole; some servers leave out the end of the parts then. */
function readRepeated(texts: readonly string[]): Read {
  const parts = texts.filter((text) => text.trim() !== '');
  const whole = (parts.pop() ?? '').trim();
  const before = parts.join('');
  const last = whole.startsWith('{') ? readValue(whole) : null;
  if (last === null || before === '') return null;
  const begins = whole.replace(/\s/g, '').startsWith(before.replace(/\s/g, ''));
  return begins || isDeepStrictEqual(readValue(before.trim()), last) ? last : null;
}
