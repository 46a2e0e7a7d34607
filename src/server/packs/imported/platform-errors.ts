// What the platform refused or failed at, as an error of Seed's: with the platform's own words, cut, and without any secret.
import { parseJson } from '../../../lib/json.ts';
import { type ErrorCode, SeedError, type SeedErrorOptions } from '../../../protocol/errors.ts';
import { removeSecrets } from '../../models/remove-secrets.ts';
import { retryAfterMs, sentAt } from '../../models/retry-after.ts';
import { type Platform, secretsOf } from './platform.ts';
import type { PlatformResponse } from './send.ts';

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

/** Of an answer whose status says that it is no success. */
export function refusalOf(
  platform: Platform,
  effect: string,
  { status, text, retryAfter, date, location, isSecond }: PlatformResponse,
): SeedError {
  if (status === 401) {
    const missing = platform.secret === null ? 'is not set' : 'is refused';
    return unavailable(platform, `asks for a credential, and that of this server ${missing}`, {
      nothingDone: !isSecond,
      hint: `For the operator of this Seed: ${platform.secretSetting}.`,
    });
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

export function unavailable({ title }: Platform, how: string, options: SeedErrorOptions = {}): SeedError {
  return new SeedError('platform_unavailable', `${title} ${how}`, options);
}

/** What follows from an answer that did not come, or is none. */
export function hintAfter(effect: string): string {
  if (effect === 'read') return 'Nothing was changed; it may work later.';
  return 'It may have been done all the same: look before you try again.';
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
