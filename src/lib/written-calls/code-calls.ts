// Calls written as code: Python's (Gemma, Llama 4, Liquid), only where a marker or a fence says that it is a call,
// and Gemma 4's own form.
import { isRecord } from '../json.ts';
import { type CallsReader, readJson, type WrittenCall } from './written-call.ts';

/** `name(key="text", other=1)`, in a list or in print(). */
export const readPythonCalls: CallsReader = (text) => {
  let rest = text.trim();
  if (rest.startsWith('[') && rest.endsWith(']')) rest = rest.slice(1, -1).trim();
  const printed = /^print\(([\s\S]*)\)$/.exec(rest)?.[1];
  rest = printed?.trim() ?? rest;
  const calls: WrittenCall[] = [];
  while (rest !== '') {
    const read = readPythonCall(rest);
    if (read === null) return null;
    calls.push(read.call);
    rest = read.rest.replace(/^[\s,;]+/, '');
  }
  return calls.length === 0 ? null : calls;
};

function readPythonCall(text: string): { call: WrittenCall; rest: string } | null {
  const [start, name] = /^([A-Za-z_][\w.]*)\(\s*/.exec(text) ?? [];
  if (start === undefined || name === undefined) return null;
  const entries: [string, unknown][] = [];
  let rest = text.slice(start.length);
  while (!rest.startsWith(')')) {
    const [named, key] = /^([A-Za-z_]\w*)\s*=\s*/.exec(rest) ?? [];
    if (named === undefined || key === undefined) return null;
    const value = readLiteral(rest.slice(named.length));
    if (value === null) return null;
    entries.push([key, value.value]);
    rest = value.rest.replace(/^\s*/, '');
    if (!/^[,)]/.test(rest)) return null;
    rest = rest.replace(/^,\s*/, '');
  }
  return { call: { name, arguments: Object.fromEntries(entries) }, rest: rest.slice(1) };
}

const WORDS: Record<string, unknown> = {
  True: true,
  False: false,
  None: null,
  true: true,
  false: false,
  null: null,
};
const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"', '\n': '' };

function readLiteral(text: string): { value: unknown; rest: string } | null {
  const [string, , inner = ''] = /^(["'])((?:(?!\1)[^\\\n]|\\[\s\S])*)\1/.exec(text) ?? [];
  if (string !== undefined) {
    const value = inner.replace(/\\([\s\S])/g, (sequence, char: string) => ESCAPES[char] ?? sequence);
    return { value, rest: text.slice(string.length) };
  }
  const [plain] = /^(?:-?\d+(?:\.\d+)?|True|False|None|true|false|null)(?![\w.])/.exec(text) ?? [];
  if (plain === undefined) return null;
  return { value: plain in WORDS ? WORDS[plain] : Number(plain), rest: text.slice(plain.length) };
}

/** `call:name{key:<|"|>text<|"|>,other:1}`; an older one has `<escape>` around texts. */
export const readGemmaCall: CallsReader = (text) => {
  const [, name, body] = /^call:([\w.-]+)(\{[\s\S]*\})$/.exec(text.trim()) ?? [];
  if (name === undefined || body === undefined) return null;
  const texts: string[] = [];
  const marked = body.replace(
    /<\|"\|>([\s\S]*?)<\|"\|>|<escape>([\s\S]*?)<escape>/g,
    (_, one?: string, two?: string) => {
      texts.push(one ?? two ?? '');
      return `"#${texts.length - 1}"`;
    },
  );
  // What is left outside of the texts is punctuation, keys, numbers and words.
  if (!/^[\w\s{}[\],:."#+-]*$/.test(marked)) return null;
  const keyed = marked.replace(/([{,]\s*)([A-Za-z_]\w*)\s*:/g, '$1"$2":');
  const value = readJson(keyed);
  return isRecord(value) ? [{ name, arguments: restored(value, texts) as Record<string, unknown> }] : null;
};

function restored(value: unknown, texts: readonly string[]): unknown {
  if (typeof value === 'string') return texts[Number(value.slice(1))] ?? value;
  if (Array.isArray(value)) return value.map((each) => restored(each, texts));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, restored(each, texts)]));
}
