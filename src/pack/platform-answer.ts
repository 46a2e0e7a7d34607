// What the platform answered: as a command's answer, or as an error with the platform's words, without secrets.
import { parseJson } from '../lib/json.ts';
import { removeSecrets } from '../lib/remove-secrets.ts';
import { retryAfterMs, sentAt } from '../lib/retry-after.ts';
import type { Operation } from '../openapi/operation.ts';
import { type ErrorCode, SeedError } from '../protocol/errors.ts';
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

/** An object as it is, a list as `items`, other values as `value`; null: it is neither JSON nor text. */
export function platformAnswer(operation: Operation, { type, text, link }: PlatformResponse): object | null {
  if (text === '') return { ok: true };
  if (!/json/i.test(type)) return /^text\//i.test(type) ? { value: text } : null;
  let value: unknown;
  try {
    value = JSON.parse(text, exactly as never);
  } catch {
    return null;
  }
  if (Array.isArray(value)) return { items: value, nextPage: nextInputs(operation, link) };
  return typeof value === 'object' && value !== null ? value : { value };
}

/** Whole numbers that JavaScript cannot hold, such as some platforms' ids, stay as they were written: as text. */
function exactly(_name: string, value: unknown, { source }: { source?: string }): unknown {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? (source ?? value) : value;
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
  { status, text, retryAfter, date, location, isSecond }: PlatformResponse,
): SeedError {
  if (status === 401) {
    const missing = platform.secret === null ? 'is not set' : 'is refused';
    const hint = `For the operator of this Seed: ${platform.secretSetting}.`;
    const how = `asks for a credential, and that of this server ${missing}`;
    return unavailable(platform, how, { nothingDone: !isSecond, hint });
  }
  if (location !== null) return unavailable(platform, 'answers with a redirect, which is not followed');
  const said = wordsOf(text, platform);
  if (status >= 500 || status < 400)
    return unavailable(platform, `answers ${status}${said}`, { hint: hintAfter(effect) });
  const afterMs = retryAfterMs(retryAfter, sentAt(date));
  return new SeedError(CODES[status] ?? 'invalid_input', `${platform.title} answers ${status}${said}`, {
    // It says that it has waited too long: for what, it does not say.
    nothingDone: status !== 408 && !isSecond,
    ...(afterMs !== null && { retryAfterSeconds: Math.ceil(afterMs / 1000) }),
  });
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
