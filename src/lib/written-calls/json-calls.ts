// Calls written as JSON: an object with a name and arguments, alone, in a list, or as the field of another.
import { endOfObject, isRecord } from '../json.ts';
import { type CallsReader, inFence, readJson, type WrittenCall } from './written-call.ts';

const NAMES = ['name', 'tool', 'tool_name', 'function', 'function_name', 'action', 'recipient_name'];
const ARGUMENTS = ['arguments', 'parameters', 'args', 'input', 'params', 'action_input', 'tool_input', 'kwargs'];
/** What may stand beside them. */
const BESIDE = ['id', 'type', 'call_id', 'tool_call_id', 'index', 'thought', 'thoughts', 'reasoning'];
/** Fields that hold a call, or a list of them. */
const HOLDERS = ['function', 'function_call', 'functionCall', 'tool_call', 'tool_calls', 'tool_uses'];
const LANGUAGES = ['', 'json', 'json5', 'jsonc', 'tool_call', 'tool_calls', 'tool', 'function_call', 'text'];

/** One JSON value or several, bare or in a fence. */
export const readJsonCalls: CallsReader = (text) => {
  const fence = inFence(text);
  if (fence !== null) return LANGUAGES.includes(fence.language) ? valuesOf(fence.inner) : null;
  return valuesOf(text);
};

function valuesOf(text: string): WrittenCall[] | null {
  const calls: WrittenCall[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const end = endOfObject(rest);
    const found = end === -1 ? null : callsOf(readJson(rest.slice(0, end)));
    if (found === null) return null;
    calls.push(...found);
    rest = rest.slice(end).replace(/^[\s;,]+/, '');
  }
  return calls.length === 0 ? null : calls;
}

function callsOf(value: unknown): WrittenCall[] | null {
  if (Array.isArray(value)) {
    const found = value.map((each) => (isRecord(each) ? callsOf(each) : null));
    return found.length === 0 || found.includes(null) ? null : found.flatMap((each) => each ?? []);
  }
  if (!isRecord(value)) return null;
  const call = callOf(value);
  if (call !== null) return [call];
  const [holder, ...others] = Object.keys(value).filter((key) => !BESIDE.includes(key));
  if (holder === undefined || others.length > 0 || !HOLDERS.includes(holder)) return null;
  return callsOf(value[holder]);
}

function callOf(value: Record<string, unknown>): WrittenCall | null {
  const keys = Object.keys(value).filter((key) => !BESIDE.includes(key));
  const name = keys.find((key) => NAMES.includes(key) && typeof value[key] === 'string');
  const given = keys.find((key) => key !== name && ARGUMENTS.includes(key));
  if (name === undefined || given === undefined || keys.length !== 2) return null;
  const args = typeof value[given] === 'string' ? readJson(value[given]) : value[given];
  return isRecord(args) ? { name: String(value[name]), arguments: args } : null;
}
