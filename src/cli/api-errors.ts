// Turns what can go wrong between the CLI and the server into a SeedError. Used by api.ts.
import { ERROR_STATUS, type ErrorBody, type ErrorCode, SeedError } from '../protocol/errors.ts';
import type { Profile } from './profile.ts';
import type { HttpResponse } from './request.ts';

/** The error of an answer that is not a success. */
export function apiError(response: HttpResponse, text: string, profile: Profile): SeedError {
  const error = parseErrorBody(text);
  if (!error) return notSeed(response.status, profile.url);
  const hints = [error.hint ?? (response.status === 401 ? loginHint(profile) : '')];
  if (response.status >= 500 && error.requestId)
    hints.push(`Request ${error.requestId} in the server's log.`);
  return new SeedError(codeOf(error.code, response.status), error.message, {
    hint: hints.filter((hint) => hint !== '').join(' '),
  });
}

/** The error of an exchange that broke; a SeedError stays as it is. */
export function connectionError(error: unknown, url: string): SeedError {
  if (error instanceof SeedError) return error;
  if (isRefused(error) || isOneOf(error, ['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])) {
    return new SeedError('unreachable', `no server answers at ${url}`, {
      hint: 'Start one with `npm start`, or name another with SEED_API_URL or --url.',
      cause: error,
    });
  }
  const why = error instanceof Error ? error.message : 'no answer';
  return new SeedError('unreachable', `the connection to ${url} failed: ${why}`, { cause: error });
}

/** The error of an answer that no Seed server gives, such as a proxy's page. */
export function notSeed(status: number, url: string): SeedError {
  return new SeedError('unreachable', `${url} answered ${status}, but not as a Seed server does`, {
    hint: 'Check the address: SEED_API_URL or --url.',
  });
}

export function isRefused(error: unknown): boolean {
  return isOneOf(error, ['ECONNREFUSED', 'ENOENT']);
}

/** The request may have arrived and been worked on all the same. */
export function isBroken(error: unknown): boolean {
  return isOneOf(error, ['ECONNRESET', 'EPIPE']);
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code !== undefined && codes.includes(code);
}

function loginHint(profile: Profile): string {
  return profile.key === null
    ? `Log in: seed login --url ${profile.url}, or set SEED_API_KEY.`
    : 'Log in again: seed login';
}

function parseErrorBody(text: string): ErrorBody['error'] | null {
  try {
    const body = JSON.parse(text) as Partial<ErrorBody> | null;
    return typeof body?.error?.message === 'string' ? body.error : null;
  } catch {
    // Not JSON: the caller reports the answer as no Seed server's.
    return null;
  }
}

/** A server may be newer than this CLI: a code it does not know is judged by the HTTP status. */
function codeOf(code: string, status: number): ErrorCode {
  if (Object.hasOwn(ERROR_STATUS, code)) return code as ErrorCode;
  if (status === 401) return 'not_authenticated';
  return status === 403 ? 'not_allowed' : 'internal';
}
