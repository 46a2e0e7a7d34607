// Calls written with tags: <function=…> (Llama, Qwen3-Coder), <invoke name=…> (Anthropic, MiniMax, and DeepSeek's
// DSML), <arg_key> (GLM), and a name with JSON behind it (Mistral, DeepSeek, Kimi).
import { isRecord } from '../json.ts';
import {
  type CallsReader,
  inFence,
  type OfferedTool,
  readJson,
  toolName,
  typedValue,
  type WrittenCall,
} from './written-call.ts';

const FUNCTION = /^<(function|invoke)(?:=|\s+name=)\s*["']?([^"'<>\s]+)["']?\s*>([\s\S]*?)(?:<\/\1>|$)/;
const PARAMETER =
  /^<parameter(?:=|\s+name=)\s*["']?([^"'<>\s]+)["']?(?:\s+string=["'](?:true|false)["'])?\s*>([\s\S]*?)<\/parameter>/;

export const readFunctionTags: CallsReader = (text, tools) => {
  const calls: WrittenCall[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const [whole, , written, body] = FUNCTION.exec(rest) ?? [];
    if (whole === undefined || written === undefined) return null;
    const name = toolName(written, tools);
    const args = bodyOf((body ?? '').trim(), name, tools);
    if (args === null) return null;
    calls.push({ name, arguments: args });
    rest = rest.slice(whole.length).trim();
  }
  return calls.length === 0 ? null : calls;
};

function bodyOf(body: string, name: string, tools: readonly OfferedTool[]): Record<string, unknown> | null {
  if (body === '') return {};
  if (body.startsWith('{')) return recordIn(body);
  const entries: [string, unknown][] = [];
  let rest = body;
  while (rest !== '') {
    const [whole, key, value] = PARAMETER.exec(rest) ?? [];
    // A tag within a value could end it: nobody can tell.
    if (whole === undefined || key === undefined || /<\/?parameter\b/.test(value ?? '')) return null;
    entries.push([key, typedValue(withoutLineEnds(value ?? ''), name, key, tools)]);
    rest = rest.slice(whole.length).trim();
  }
  return Object.fromEntries(entries);
}

/** The template puts each value on lines of its own. */
function withoutLineEnds(value: string): string {
  return value.replace(/^\r?\n/, '').replace(/\r?\n[ \t]*$/, '');
}

/** Only within a marker: a name alone is a call there. */
export const readArgKeys: CallsReader = (text, tools) => {
  const [start, written] = /^([\w.:-]+)\s*/.exec(text) ?? [];
  if (start === undefined || written === undefined) return null;
  const name = toolName(written, tools);
  const entries: [string, unknown][] = [];
  let rest = text.slice(start.length).trim();
  while (rest !== '') {
    const pair = /^<arg_key>([^<]*)<\/arg_key>\s*<arg_value>([\s\S]*?)<\/arg_value>/.exec(rest);
    const [whole, key = '', value = ''] = pair ?? [];
    if (whole === undefined || /<\/?arg_/.test(value)) return null;
    entries.push([key.trim(), typedValue(value, name, key.trim(), tools)]);
    rest = rest.slice(whole.length).trim();
  }
  return [{ name, arguments: Object.fromEntries(entries) }];
};

/** Between the name and its JSON: Mistral's, DeepSeek's and Kimi's; Kimi numbers its calls. */
const NAMED =
  /^(?:function\s{0,9}<[|｜]tool[▁_]sep[|｜]>)?\s{0,9}([\w.-]+)(?::\d+)?(?:\[CALL_ID\]\w*)?\s{0,9}(?:\[ARGS\]|<[|｜]tool[▁_]sep[|｜]>|<\|tool_call_argument_begin\|>)?\s{0,9}([{`][\s\S]*)$/;

/** Only within a marker. */
export const readNamedJson: CallsReader = (text) => {
  const [, name, written] = NAMED.exec(text) ?? [];
  if (name === undefined || written === undefined) return null;
  const args = recordIn(inFence(written)?.inner ?? written);
  return args === null ? null : [{ name, arguments: args }];
};

function recordIn(text: string): Record<string, unknown> | null {
  const value = readJson(text);
  return isRecord(value) ? value : null;
}
