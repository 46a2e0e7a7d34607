// Finds the parts of tool calls in what a model said, wherever providers put them: `tool_calls`, the older
// `function_call`, and parts of the content as Anthropic, Gemini and others have them. Called by tool-calls.ts.
import { isRecord } from '../../../lib/json.ts';

/** What one event says of one call. All but `arguments` may be missing; nothing is trusted to be unique. */
export interface CallPart {
  /** How the upstream counts its calls; equal keys are likely the same call. */
  index: number | null;
  id: string | null;
  name: string | null;
  /** Text, or a value where text belongs; undefined: none. */
  arguments: unknown;
  /** A tool that takes free text: its arguments are no JSON. */
  isFree: boolean;
  extra: Record<string, unknown> | null;
}

/** @param said the delta of a chunk, or the message of a whole completion */
export function callPartsOf(said: Record<string, unknown>): CallPart[] {
  const listed = listOf(said['tool_calls']);
  const older = isRecord(said['function_call']) ? [said['function_call']] : [];
  const inContent = Array.isArray(said['content']) ? said['content'].filter(isCallPart) : [];
  return [...listed, ...older, ...inContent].map(partOf);
}

/** A list; or one call, or calls by their index, where a list belongs. */
function listOf(value: unknown): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.filter(isRecord);
  if (!isRecord(value)) return [];
  const isCall = ['function', 'name', 'id', 'custom'].some((key) => key in value);
  return isCall ? [value] : Object.values(value).filter(isRecord);
}

/** Anthropic's, the AI SDK's and OpenAI's other API's; Gemini's has no type. */
const PART_TYPES = new Set<unknown>(['tool_use', 'tool_call', 'tool-call', 'function_call', 'toolCall']);

function isCallPart(part: unknown): part is Record<string, unknown> {
  if (!isRecord(part)) return false;
  return PART_TYPES.has(part['type']) || isRecord(part['functionCall']) || isRecord(part['function_call']);
}

function partOf(part: Record<string, unknown>): CallPart {
  const inner = ['function', 'functionCall', 'function_call', 'custom', 'tool_call']
    .map((key) => part[key])
    .find(isRecord);
  const called = inner ?? part;
  const free = isRecord(part['custom']) && inner === part['custom'];
  return {
    index: indexOf(part['index']),
    id: idOf(part['id']) ?? idOf(part['call_id']) ?? idOf(part['toolCallId']) ?? idOf(called['id']),
    name: nameOf(called['name']) ?? nameOf(part['name']) ?? nameOf(called['toolName']),
    arguments: argumentsIn(called) ?? argumentsIn(part),
    isFree: free,
    extra: extraOf(part, called) ?? signatureIn(part['id']),
  };
}

function argumentsIn(called: Record<string, unknown>): unknown {
  return called['arguments'] ?? called['parameters'] ?? called['args'] ?? called['input'] ?? undefined;
}

function indexOf(index: unknown): number | null {
  if (typeof index === 'number') return Number.isFinite(index) ? index : null;
  return typeof index === 'string' && /^\s*-?\d{1,9}\s*$/.test(index) ? Number(index) : null;
}

function idOf(id: unknown): string | null {
  if (typeof id === 'number' || typeof id === 'bigint') return String(id);
  return typeof id === 'string' && id.trim() !== '' ? id : null;
}

function nameOf(name: unknown): string | null {
  return typeof name === 'string' && name !== '' ? name : null;
}

/** What Gemini (`extra_content`, `thoughtSignature`) and LiteLLM want to see again with the call. */
const EXTRA = ['extra_content', 'provider_specific_fields', 'thought_signature', 'thoughtSignature'];
/** A signature has some kilobytes. */
const EXTRA_CHARS = 256 * 1024;

function extraOf(...places: readonly Record<string, unknown>[]): Record<string, unknown> | null {
  const found = EXTRA.flatMap((key) => {
    const value = places.map((place) => place[key]).find((each) => each !== undefined && each !== null);
    return value === undefined ? [] : [[key, value] as const];
  });
  if (found.length === 0 || JSON.stringify(found).length > EXTRA_CHARS) return null;
  return Object.fromEntries(found);
}

/** LiteLLM hides Gemini's signature in the id, and takes it back in its own place, too. */
function signatureIn(id: unknown): Record<string, unknown> | null {
  const signature = typeof id === 'string' ? /__thought__(.+)$/s.exec(id)?.[1] : undefined;
  if (signature === undefined || signature.length > EXTRA_CHARS) return null;
  return { provider_specific_fields: { thought_signature: signature } };
}
