// Whether a call stands in what a model was given to read: then its answer may be an echo, and running it would
// run what somebody wrote into a record. Texts are compared by their letters and digits and by whether a key
// stands before a value: quotes, escapes, tags, spaces and the order of keys do not matter. For text-calls.ts.
import { isRecord } from '../../../lib/json.ts';
import type { WrittenCall } from '../../../lib/written-calls/written-call.ts';

/** Of what was given to read; where there is more, nobody looks, and the call counts as found. */
const MOST_LENGTH = 2 * 1024 * 1024;
/** Encodings within encodings, and all texts that they come to. */
const LAYERS = 4;
const MOST_DECODED = 16 * 1024 * 1024;
/** A shorter value must end where the other does, or each would be found everywhere. */
const SHORT = 12;

/** @param messages of the request; what the model itself and the operator said does not count */
export function occursIn(call: WrittenCall, messages: readonly object[]): boolean {
  const given = (messages as readonly Record<string, unknown>[])
    .filter(({ role }) => role !== 'assistant' && role !== 'system' && role !== 'developer')
    .flatMap((message) => textsIn(message['content']));
  if (given.reduce((sum, text) => sum + text.length, 0) > MOST_LENGTH) return true;
  const texts = decodedTexts(given.join('\n\n'));
  if (texts === null) return true;
  const wanted = pairsOf(call);
  // The parts may come from several places, and the model have put them together.
  return wanted.every((pair) => texts.some((text) => hasPair(text, pair)));
}

function textsIn(content: unknown): string[] {
  if (typeof content === 'string') return [content];
  if (Array.isArray(content)) return content.flatMap(textsIn);
  return isRecord(content) ? Object.values(content).flatMap(textsIn) : [];
}

/** A value and the key before it; null: it has none of its own. */
interface Pair {
  key: string | null;
  value: string;
}

function pairsOf({ name, arguments: args }: WrittenCall): Pair[] {
  const leaves = leavesOf(args, null);
  // A number or a yes that is added or left out makes no other call of it.
  const texts = leaves.filter(({ isText }) => isText);
  const pairs = (texts.length > 0 ? texts : leaves).map(({ key, value }) => ({
    key: key === null ? null : skeleton(key),
    value: skeleton(value).replace(EDGES, ''),
  }));
  // Without a value to look for, the name is all there is.
  const says = pairs.filter(({ value }) => value !== '');
  return says.length > 0 ? says : [{ key: null, value: skeleton(name).replace(EDGES, '') }];
}

function leavesOf(value: unknown, key: string | null): (Pair & { isText: boolean })[] {
  if (Array.isArray(value)) return value.flatMap((each, at) => leavesOf(each, at === 0 ? key : null));
  if (isRecord(value)) return Object.entries(value).flatMap(([name, each]) => leavesOf(each, name));
  return [{ key, value: String(value), isText: typeof value === 'string' }];
}

/** A sign between two words that quotes, assigns or closes a tag; and one that only divides. */
const STRONG = '"';
const WEAK = ':';
const EDGES = /^[":]+|[":]+$/g;

/** Letters and digits, and what kind of signs stood between them; escapes of any depth are read. */
function skeleton(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\\{1,64}(?:u\{?00([0-9a-fA-F]{2})\}?|x([0-9a-fA-F]{2}))/g, (_, one?: string, two?: string) =>
      String.fromCharCode(Number.parseInt(one ?? two ?? '20', 16)),
    )
    .replace(/\\{1,64}[nrtbf]/g, ' ')
    .replace(/<\/arg_key>[^<]{0,40}<arg_value>/g, '>')
    .replace(/\s{1,9}string=["'](?:true|false)["']/g, '')
    .replace(/<\|"\|>|<escape>/g, '"')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, (signs) => {
      if (/[="'<>“”‘’«»|]/.test(signs)) return STRONG;
      return signs.includes(':') ? WEAK : '';
    });
}

function hasPair({ text, named }: Decoded, { key, value }: Pair): boolean {
  const isEnded = (end: number) => value.length >= SHORT || end >= text.length || /[":]/.test(text[end] ?? '');
  for (const sign of named ? [STRONG, WEAK] : [STRONG]) {
    const wanted = `${key ?? ''}${sign}${value}`;
    for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
      if (isEnded(at + wanted.length)) return true;
    }
  }
  return false;
}

interface Decoded {
  text: string;
  /** It names a tool as YAML does, where a key has no quotes. */
  named: boolean;
}

const NAMED = /(?:name|tool|function|action)\s{0,9}:\s{0,9}\S/i;

/** The text in all the ways in which it can be read; null: there are too many. */
function decodedTexts(given: string): Decoded[] | null {
  const seen = new Set([given]);
  let layer = [given];
  let length = given.length;
  for (let depth = 0; depth < LAYERS && layer.length > 0; depth++) {
    const next = layer
      .flatMap((text) => DECODERS.flatMap((decode) => decode(text)))
      .filter((text) => !seen.has(text));
    layer = [...new Set(next)];
    for (const text of layer) {
      seen.add(text);
      length += text.length;
    }
    if (length > MOST_DECODED) return null;
  }
  return [...seen].map((text) => ({ text: skeleton(text), named: NAMED.test(text) }));
}

const ENTITIES: Record<string, string> = {
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  amp: '&',
  nbsp: ' ',
  colon: ':',
};

/** Each gives the other readings of a text, and none where there is nothing to decode. */
const DECODERS: readonly ((text: string) => string[])[] = [
  (text) =>
    /%[0-9a-f]{2}/i.test(text) ? [text.replace(/(?:%[0-9a-f]{2})+/gi, decodedPercents).replaceAll('+', ' ')] : [],
  (text) => (/&#?\w{1,9};/.test(text) ? [text.replace(/&(#x?)?(\w{1,9});/g, decodedEntity)] : []),
  (text) =>
    /=[0-9A-F]{2}/.test(text) ? [text.replace(/=\r?\n/g, '').replace(/(?:=[0-9A-F]{2})+/g, decodedQuoted)] : [],
  (text) => joinedRuns(text, '\\w+/-').flatMap((each) => runsOf(each, /[\w+/-]{12,}={0,2}/g, 'base64')),
  (text) => joinedRuns(text, '0-9a-f').flatMap((each) => runsOf(each, /(?:[0-9a-f]{2}[\s:]?){8,}/gi, 'hex')),
  (text) => (/\\/.test(text) ? [text.replace(/\\+(["'/\\])/g, '$1')].filter((each) => each !== text) : []),
];

function decodedPercents(bytes: string): string {
  return Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8');
}

function decodedQuoted(bytes: string): string {
  return Buffer.from(bytes.replaceAll('=', ''), 'hex').toString('utf8');
}

function decodedEntity(entity: string, number: string | undefined, name: string): string {
  if (number === undefined) return ENTITIES[name.toLowerCase()] ?? entity;
  const code = Number.parseInt(name, number === '#' ? 10 : 16);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : entity;
}

/** The text, and once more with lines joined that are of one run. */
function joinedRuns(text: string, run: string): string[] {
  const ends = new RegExp(`^[${run}]{16}$`, 'i');
  const isRun = new RegExp(`^[${run}]+={0,2}$`, 'i');
  let joined = '';
  let before = '';
  for (const line of text.split(/\r?\n/)) {
    const part = line.trim();
    joined += ends.test(before.slice(-16)) && isRun.test(part) ? part : `\n${line}`;
    before = part;
  }
  return joined.slice(1) === text ? [text] : [text, joined];
}

/** What the runs of an encoding say, each by itself. */
function runsOf(text: string, run: RegExp, encoding: 'base64' | 'hex'): string[] {
  const found = (text.match(run) ?? []).map((each) =>
    Buffer.from(encoding === 'hex' ? each.replace(/[\s:]/g, '') : each, encoding)
      .toString('utf8')
      .replaceAll('\0', ''),
  );
  const readable = found.filter((each) => each !== '' && countOdd(each) <= each.length / 10);
  return readable.length === 0 ? [] : [readable.join('\n')];
}

function countOdd(text: string): number {
  let odd = 0;
  for (const char of text) if (char === '\ufffd' || (char < ' ' && !/\s/.test(char))) odd++;
  return odd;
}
