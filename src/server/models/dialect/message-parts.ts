// Finds what a model said in one event, wherever providers put it: text or parts of many types, and the thoughts
// under their many names. Called by content.ts.
import { isRecord } from '../../../lib/json.ts';

export interface Said {
  text: string;
  reasoning: string;
  refusal: string;
}

/** Parts within parts, so many times; what is deeper says nothing. */
const DEPTH = 5;
/** The first that says something counts: others repeat it. */
const REASONING_FIELDS = [
  ...['reasoning_content', 'reasoning', 'reasoning_text', 'reasoning_details', 'thinking', 'thinking_blocks'],
  ...['thinking_content', 'thought', 'thoughts', 'reasoning_summary'],
];
/** Where a part has its words. */
const WORDS = ['text', 'content', 'thinking', 'reasoning', 'summary', 'refusal', 'value', 'parts', 'output_text'];

/** @param message the delta of a chunk, or the message of a whole completion */
export function saidIn(message: Record<string, unknown>): Said {
  const { content, refusal } = message;
  const said: Said = { text: '', reasoning: '', refusal: '' };
  if (typeof content === 'string') said.text = content;
  else add(said, content, 'text', 0);
  if (isOnlyText(message)) return said;
  for (const field of REASONING_FIELDS) {
    if (said.reasoning !== '') break;
    if (field in message) add(said, message[field], 'reasoning', 0);
  }
  if (refusal) add(said, refusal, 'refusal', 0);
  return said;
}

/** As most are. */
function isOnlyText(message: Record<string, unknown>): boolean {
  for (const field in message) if (field !== 'content' && field !== 'role') return false;
  return true;
}

/** @param kind what it is unless it says otherwise */
function add(said: Said, value: unknown, kind: keyof Said, depth: number): void {
  if (typeof value === 'string') said[kind] += value;
  // Some send what reads like a number as one.
  else if (typeof value === 'number') said[kind] += String(value);
  else if (depth >= DEPTH) return;
  else if (Array.isArray(value)) for (const part of value) add(said, part, kind, depth + 1);
  else if (isRecord(value)) {
    const own = kindOf(value, kind);
    const words = WORDS.find((field) => field in value && value[field] !== null);
    if (own !== null && words !== undefined) add(said, value[words], own, depth + 1);
  }
}

/** Null for what is not in words, such as an image, a call or what is encrypted. */
function kindOf({ type, thought }: Record<string, unknown>, kind: keyof Said): keyof Said | null {
  if (thought === true) return 'reasoning';
  if (typeof type !== 'string') return kind;
  if (/encrypted|redacted/.test(type)) return null;
  if (/think|thought|reason|summary/.test(type)) return 'reasoning';
  if (type === 'refusal') return 'refusal';
  return /text|content|message/.test(type) ? kind : null;
}
