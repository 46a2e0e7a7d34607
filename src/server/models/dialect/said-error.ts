// What an upstream says went wrong, in whatever shape: which events and documents are errors, and their words and
// codes. Called by ../read-answer.ts and ../upstream-refusal.ts.
import { isRecord, parseJson } from '../../../lib/json.ts';

/** Errors within errors, and JSON within the strings of JSON, so many times. */
const DEPTH = 6;
/** Of a text, so much is looked at. */
const TEXT_LENGTH = 8_000;
/** Of a list of errors. */
const ERRORS_SHOWN = 3;
/** No field of an error is a code when it is longer. */
const CODE_LENGTH = 100;

/**
 * The part of an upstream's 2xx answer that tells of an error: the event itself, a part of it, or null when it is
 * none. An event that has an answer and a message beside it is none.
 */
export function errorIn(event: object): object | null {
  if (Array.isArray(event)) return event.map((one) => (isRecord(one) ? errorIn(one) : null)).find(Boolean) ?? null;
  const said = event as Record<string, unknown>;
  if (isTrouble(said['error']) || said['object'] === 'error' || said['type'] === 'error') return said;
  if (Array.isArray(said['errors']) && said['errors'].length > 0) return said;
  if (isRecord(said['base_resp']) && !isFine(said['base_resp']['status_code'])) return said['base_resp'];
  const choice = Array.isArray(said['choices']) ? said['choices'][0] : null;
  if (isRecord(choice)) return errorOfChoice(choice);
  if (said['success'] === false || said['ok'] === false) return said;
  return ANSWERS.every((name) => (said[name] ?? null) === null) && hasOnlyWords(said) ? said : null;
}

/** Fields of which one is there when an event has something of an answer. */
const ANSWERS = ['choices', 'delta', 'content', 'text', 'output', 'response', 'usage', 'candidates', 'data'];
const WORDS = ['message', 'msg', 'detail', 'error_message', 'error_msg', 'errorMessage'];

function hasOnlyWords(said: Record<string, unknown>): boolean {
  return WORDS.some((name) => typeof said[name] === 'string' || Array.isArray(said[name])) && !saysFine(said);
}

/** Some tell in the stream what they are at. */
const PROGRESS = /^(?:in_)?(?:queue|process|pend|runn|progress|start|wait|load|init|think)/i;

/** A wrapper that says that all is well, or a word in passing. */
function saysFine({ code, status, state, type }: Record<string, unknown>): boolean {
  if ([code, status].some((value) => value !== undefined && isFine(value))) return true;
  return [status, state, type].some((value) => typeof value === 'string' && PROGRESS.test(value));
}

function isFine(code: unknown): boolean {
  return [undefined, null, 0, '0', 200, '200', 'ok', 'success'].includes(
    typeof code === 'string' ? code.toLowerCase() : (code as number),
  );
}

function errorOfChoice(choice: Record<string, unknown>): object | null {
  if (isTrouble(choice['error'])) return { error: choice['error'] };
  if (choice['finish_reason'] !== 'error') return null;
  const native = choice['native_finish_reason'];
  const why = typeof native === 'string' && native !== 'error' ? ` (${native})` : '';
  return { error: `ended it with finish_reason "error"${why}` };
}

/** Some send `error: null` or the like with every answer. */
function isTrouble(error: unknown): boolean {
  if (isRecord(error)) return Object.keys(error).length > 0;
  return Array.isArray(error) ? error.length > 0 : Boolean(error);
}

/** What is said in an error, in its own words; null when it has none. Not cut, its secrets still in it. */
export function messageOf(said: unknown, depth = 0): string | null {
  if (depth > DEPTH) return null;
  if (typeof said === 'string') return messageOfText(said, depth);
  if (Array.isArray(said)) {
    const each = said.slice(0, ERRORS_SHOWN).flatMap((one) => messageOf(one, depth + 1) ?? []);
    return each.length === 0 ? null : [...new Set(each)].join('; ');
  }
  if (!isRecord(said)) return null;
  const told = NAMES.flatMap((name) => messageOf(said[name], depth + 1) ?? []);
  // FastAPI says which field it is.
  const { loc } = said;
  if (Array.isArray(loc) && told.length > 0) told[0] = `${loc.join('.')}: ${told[0]}`;
  const [first, ...others] = told;
  if (first === undefined) return codesOf(said).join(' ') || null;
  const more = others.filter((other) => !first.includes(other) && !other.includes(first));
  const raw = isRecord(said['metadata']) ? messageOf(said['metadata']['raw'], depth + 1) : null;
  return [first, ...more, ...(raw !== null && !first.includes(raw) ? [raw] : [])].join(': ');
}

/** Where errors have their words; several that say different things are all told. */
const NAMES = [
  ...['error', 'errors', 'message', 'msg', 'detail', 'status_msg', 'base_resp'],
  ...['error_message', 'error_msg', 'errorMessage', 'error_description', 'title', 'reason'],
];

function messageOfText(text: string, depth: number): string | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (/^[{[]/.test(trimmed)) return messageOf(parseJson(trimmed), depth + 1) ?? trimmed;
  return readableText(trimmed);
}

/** Text as it is; of a web page its title, or else its words without the tags. */
export function readableText(whole: string): string {
  const text = whole.slice(0, TEXT_LENGTH);
  if (!/^\s*(?:<!--|<!doctype|<\?xml|<(?:html|head|body|title|center|h1|p|div)\b)/i.test(text)) return text;
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1]?.trim();
  const words = title || text.replace(/<(script|style)\b[\s\S]*?<\/\1\s*>|<!--[\s\S]*?-->|<[^>]*>?/gi, ' ').trim();
  return words.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => ENTITIES[name] ?? ' ');
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** The codes, types and statuses in an error, wherever they stand in it, in lower case. */
export function codesOf(said: unknown, depth = 0): string[] {
  if (depth > DEPTH) return [];
  if (Array.isArray(said)) return said.slice(0, ERRORS_SHOWN).flatMap((one) => codesOf(one, depth + 1));
  if (typeof said === 'string') {
    return /^\s*[{[]/.test(said) ? codesOf(parseJson(said) ?? null, depth + 1) : [];
  }
  if (!isRecord(said)) return [];
  const own = CODES.map((name) => said[name]).filter(
    (code) => typeof code === 'string' || typeof code === 'number',
  );
  const inner = [...NAMES, 'metadata', 'raw'].flatMap((name) => codesOf(said[name], depth + 1));
  const codes = own.map((code) => String(code).toLowerCase()).filter((code) => code.length <= CODE_LENGTH);
  return [...new Set([...codes, ...inner])];
}

const CODES = ['code', 'type', 'status', 'status_code', 'error_code', 'error_type', 'errorType'];

/** The HTTP status that an error within a 2xx answer tells of; null when it tells none. */
export function statusSaid(codes: readonly string[]): number | null {
  const status = codes.map(Number).find((code) => Number.isInteger(code) && code >= 400 && code < 600);
  return status ?? null;
}
