// Finds that an answer is tool calls written as text and nothing else, in the forms that models have learnt. For
// the gateway, which makes a real call of one where that is safe, and for the guest, which must not take it for an
// answer. A shell block is none: a task may well ask for one.
import { isRecord } from '../json.ts';
import { readGemmaCall, readPythonCalls } from './code-calls.ts';
import { readJsonCalls } from './json-calls.ts';
import { readArgKeys, readFunctionTags, readNamedJson } from './tagged-calls.ts';
import {
  type CallsReader,
  inFence,
  type OfferedTool,
  readJson,
  toolName,
  type WrittenCall,
} from './written-call.ts';

/** A longer answer is none. */
export const WRITTEN_LENGTH = 256 * 1024;

/** The calls that the text is; null: it is something else as well, or cannot be read without guessing. */
export function writtenCalls(text: string, tools: readonly OfferedTool[]): WrittenCall[] | null {
  if (text.length > WRITTEN_LENGTH) return null;
  const bare = withoutEnds(text);
  if (bare === '') return null;
  for (const read of [readJsonCalls, readFunctionTags, readToolCode, readHarmony, readReAct, readMarked]) {
    const calls = read(bare, tools);
    if (calls !== null) return calls.map((call) => ({ ...call, name: toolName(call.name, tools) }));
  }
  return null;
}

/** Whether the text is no answer but calls of these tools, also where they cannot be read. */
export function isNothingButCalls(text: string, tools: readonly OfferedTool[]): boolean {
  const calls = writtenCalls(text, tools);
  if (calls !== null) return calls.every(({ name }) => tools.some((tool) => tool.name === name));
  const bare = withoutEnds(text);
  const isBroken = BROKEN.test(bare) && readJson(inFence(bare)?.inner ?? bare) === undefined;
  if (bare.length > WRITTEN_LENGTH || !(STARTS.test(bare) || isBroken)) return false;
  return tools.some(({ name }) => bare.slice(0, 400).includes(name));
}

/** How only a call begins. */
const STARTS =
  /^(?:```(?:json|xml|tool_call|tool_code)?\s*)?(?:<\/?(?:tool_calls?|function_calls?|function=|invoke |minimax:)|<\|(?:tool_call|python_tag)|<[|｜]tool[▁_]call|\[TOOL_CALLS\]|functools\s*\[|<｜DSML｜|(?:<\|channel\|>)?commentary to=functions)/;
const BROKEN =
  /^(?:```(?:json)?\s*)?\[?\s*\{\s*"(?:name|tool)"\s*:\s*"[\w.]+"\s*,\s*"(?:arguments|parameters|args)"\s*:/;

const FRONT = /^(?:<\|im_start\|>assistant|<\|start_header_id\|>assistant<\|end_header_id\|>|<s>|<bos>)/;
const BACK =
  /(?:<\|(?:im_end|eot_id|eom_id|end|endoftext|end_of_text|call|return|user|observation)\|>|<\/s>|<eos>|<end_of_turn>|<｜end▁of▁sentence｜>)$/;

/** Without space and the tokens of turns around it. */
function withoutEnds(text: string): string {
  let bare = text.trim();
  for (let before = ''; before !== bare; ) {
    before = bare;
    bare = bare.replace(FRONT, '').replace(BACK, '').trim();
  }
  return bare;
}

/** Gemma writes Python in a fence of its own. */
const readToolCode: CallsReader = (text, tools) => {
  const fence = inFence(text);
  if (fence?.language === 'xml') return readMarked(fence.inner, tools) ?? readFunctionTags(fence.inner, tools);
  return fence?.language === 'tool_code' ? readPythonCalls(fence.inner, tools) : null;
};

const HARMONY =
  /^(?:<\|start\|>assistant)?\s{0,9}(?:<\|channel\|>)?(?:commentary|analysis)?\s{0,9}to=(?:functions\.)?([\w-]+)\s{0,9}(?:<\|channel\|>\s{0,9}(?:commentary|analysis))?\s{0,9}(?:<\|constrain\|>)?\s{0,9}(?:json|code)?\s{0,9}(?:<\|message\|>)?\s{0,9}(\{[\s\S]*\})$/;
const HARMONY_THOUGHT = /^(?:<\|start\|>assistant)?<\|channel\|>analysis<\|message\|>[\s\S]*?<\|end\|>/;

/** gpt-oss: a message to a function, its tokens left in or taken out. */
const readHarmony: CallsReader = (text) => {
  const [, name, written = ''] = HARMONY.exec(text.replace(HARMONY_THOUGHT, '').trim()) ?? [];
  const args = readJson(written);
  return name !== undefined && isRecord(args) ? [{ name, arguments: args }] : null;
};

const readReAct: CallsReader = (text) => {
  const [, name, written = ''] =
    /^(?:Thought:(?:(?!\nAction)[\s\S])*\n)?Action:[ \t]*`?([\w.-]+)`?[ \t]*\r?\nAction Input:\s*([\s\S]+)$/.exec(
      text,
    ) ?? [];
  const args = readJson(inFence(written.trim())?.inner ?? written);
  return name !== undefined && isRecord(args) ? [{ name, arguments: args }] : null;
};

/** What stands around calls and between them. */
const MARKER =
  /<\/?(?:tool_calls?|tools?|function_calls?|functioncall|minimax:tool_call|seed:tool_call|TOOLCALL|start_function_call|end_function_call)>|<\|\/?(?:tool_calls?|tool_call_start|tool_call_begin|tool_call_end|tool_calls_section_begin|tool_calls_section_end|python_tag)\|>|<tool_call\|>|<\|tool_call>|<[|｜]tool[▁_]calls?[▁_](?:begin|end)[|｜]>|\[\/?TOOL_CALLS\]|^functools(?=\s*\[)/g;
const CLOSING = /\s{0,9}<\/(?:tool_calls?|function_calls?|minimax:tool_call)>$/;
const IN_MARKERS = [readJsonCalls, readFunctionTags, readNamedJson, readGemmaCall, readPythonCalls, readArgKeys];

const readMarked: CallsReader = (text, tools) => {
  const plain = text.replace(/(<\/?)[|｜]DSML[|｜]/g, '$1').replace(/(<\/?)antml:/g, '$1');
  // Without the marker in front, which is at times left out.
  if (plain.search(MARKER) !== 0) return readFunctionTags(plain.replace(CLOSING, ''), tools);
  const calls: WrittenCall[] = [];
  for (const part of plain.split(MARKER).map((each) => each.trim())) {
    if (part === '') continue;
    const found = IN_MARKERS.reduce<WrittenCall[] | null>((read, next) => read ?? next(part, tools), null);
    if (found === null) return null;
    calls.push(...found);
  }
  return calls.length === 0 ? null : calls;
};
