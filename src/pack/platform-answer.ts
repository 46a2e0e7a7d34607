// What the platform answered: as a command's answer, or as an error with the platform's words, without secrets.
import { isMany } from '../lib/exact-json.ts';
import { parseJson } from '../lib/json.ts';
import { removeSecrets } from '../lib/remove-secrets.ts';
import { retryAfterMs, sentAt } from '../lib/retry-after.ts';
import { LINES_TYPE } from '../openapi/media-types.ts';
import type { Operation } from '../openapi/operation.ts';
import type { Definitions } from '../openapi/schema.ts';
import { type ErrorCode, SeedError } from '../protocol/errors.ts';
import { MediaType } from '../protocol/file.ts';
import { fileNameProblem } from '../protocol/file-name.ts';
import { textOfAnswer, Unreadable } from './decode-answer.ts';
import { parseAnswer } from './exact-numbers.ts';
import { type Platform, secretsOf } from './platform.ts';
import { hintAfter, type PlatformResponse, unavailable } from './send.ts';

const MESSAGE_LENGTH = 500;

const CODES: Record<number, ErrorCode> = {
  403: 'not_allowed',
  404: 'not_found',
  409: 'conflict',
  410: 'not_found',
  412: 'conflict',
  423: 'conflict',
  429: 'too_many_requests',
};

/**
 * An object as it is, a list or lines of JSON as `items`, other values as `value`.
 * @throws Unreadable: it is neither JSON nor text, or in no charset that is known
 */
export function platformAnswer(
  { operation, definitions = {} }: { operation: Operation; definitions?: Definitions | undefined },
  { type, bytes, link }: PlatformResponse,
): object {
  if (bytes.length === 0) return { ok: true };
  const isJson = /json/i.test(type);
  const isText = /^text\/|^application\/([\w.+-]*\+)?(xml|yaml|javascript|x-www-form-urlencoded)\b/i.test(type);
  const declaresJson = operation.accepts !== undefined && /json/i.test(operation.accepts);
  // Many say nothing, or that JSON is text or bytes.
  if (!isJson && !isText && !declaresJson && type !== '')
    throw new Unreadable(`answers with ${type.slice(0, 80)}, which is neither JSON nor text`);
  const text = textOfAnswer(bytes, isText || isJson ? type : 'application/json');
  if (text.trim() === '') return { ok: true };
  if (LINES_TYPE.test(type)) return { items: linesOf(text, operation, definitions), nextPage: null };
  const value = isText && !declaresJson ? undefined : parseAnswer(text, operation.answer, definitions);
  if (isText && !isMany(value)) return { value: text };
  if (value === undefined)
    throw new Unreadable(`answers with what is no JSON, though it ${isJson ? 'says so' : 'should be'}`);
  if (Array.isArray(value)) return { items: value, nextPage: nextInputs(operation, link) };
  return typeof value === 'object' && value !== null ? value : { value };
}

function linesOf(text: string, { answer }: Operation, definitions: Definitions): unknown[] {
  // A text sequence has a mark before each (RFC 7464).
  const lines = text
    .replaceAll('\u001e', '\n')
    .split(/[\n\r]/)
    .filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const value = parseAnswer(line, answer?.items, definitions);
    if (value !== undefined) return value;
    throw new Unreadable('answers with a line that is no JSON');
  });
}

/** The file that it answers, called as the platform calls it where that is a name. */
export function answeredFile({ type, bytes, fileName }: PlatformResponse) {
  const name = fileName !== null && fileNameProblem(fileName) === null ? fileName : 'download';
  const isType = MediaType.safeParse(type).success;
  return { name, type: isType ? type : 'application/octet-stream', size: bytes.length, bytes };
}

/** The inputs that ask for the next page, where a Link header names it (RFC 8288); otherwise null. */
function nextInputs({ places }: Operation, link: string | null): Record<string, string> | null {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, 'http://platform')) return null;
  const { searchParams } = new URL(target, 'http://platform');
  const inputs = Object.entries(places).flatMap(([input, place]) => {
    const value = place.in === 'query' ? searchParams.get(place.name ?? input) : null;
    return value === null ? [] : [[input, value] as const];
  });
  return inputs.length === 0 ? null : Object.fromEntries(inputs);
}

/** The error for an answer whose status says that it is no success. */
export function refusalOf(
  platform: Platform,
  effect: string,
  { status, type, bytes, retryAfter, date, location, isSecond }: PlatformResponse,
): SeedError {
  if (status === 401 && !platform.isHeld) {
    const missing = platform.secret === null ? 'is not set' : 'is refused';
    const hint = `For the operator of this Seed: ${platform.secretSetting}.`;
    const how = `asks for a credential, and that of this server ${missing}`;
    return unavailable(platform, how, { nothingDone: !isSecond, hint });
  }
  if (location !== null) return unavailable(platform, 'answers with a redirect, which is not followed');
  const said = wordsOf(readable(bytes, type), platform);
  if (status >= 500 || status < 400)
    return unavailable(platform, `answers ${status}${said}`, { hint: hintAfter(effect) });
  if (status === 401)
    return new SeedError('credential_missing', `${platform.title} answers 401${said}`, {
      nothingDone: !isSecond,
      hint: 'The platform does not take the credential of this caller: set or give another.',
    });
  const afterMs = retryAfterMs(retryAfter, sentAt(date));
  return new SeedError(CODES[status] ?? 'invalid_input', `${platform.title} answers ${status}${said}`, {
    // It says that it has waited too long: for what, it does not say.
    nothingDone: status !== 408 && !isSecond,
    ...(afterMs !== null && { retryAfterSeconds: Math.ceil(afterMs / 1000) }),
  });
}

/** Nothing where it is no text: the status says enough. */
function readable(bytes: Buffer, type: string): string {
  try {
    return textOfAnswer(bytes, type);
  } catch {
    return '';
  }
}

/** `: what it says`, or nothing. */
function wordsOf(text: string, platform: Platform): string {
  const plain = removeSecrets(messageIn(text), secretsOf(platform))
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  if (plain === '') return '';
  return `: ${plain.length <= MESSAGE_LENGTH ? plain : `${plain.slice(0, MESSAGE_LENGTH).toWellFormed()}…`}`;
}

/** The message in the forms that errors commonly have (RFC 9457 among them); otherwise a JSON answer whole. */
function messageIn(text: string): string {
  const body = parseJson(text);
  if (body === undefined) return /^\s*</.test(text) ? '' : text;
  return findMessage(body, 0) ?? JSON.stringify(body);
}

function findMessage(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || depth > 3) return null;
  if (Array.isArray(value)) return findMessage(value[0], depth + 1);
  const fields = value as Record<string, unknown>;
  for (const name of ['message', 'detail', 'error_description', 'err', 'error', 'title', 'errors']) {
    const found = findMessage(fields[name], depth + 1);
    if (found !== null) return found;
  }
  return null;
}
