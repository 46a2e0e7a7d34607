// What the Kubernetes API says of a call that it refuses, as Seed's error. Used by all of the client.
import { parseJson } from '../../lib/json.ts';
import { type ErrorCode, SeedError, type SeedErrorOptions } from '../../protocol/errors.ts';

/** The API's own account of how a call went (meta/v1 Status); the fields that are used. */
export interface KubeStatus {
  kind: 'Status';
  status?: 'Success' | 'Failure';
  message?: string;
  /** Such as AlreadyExists, Conflict, NotFound, Forbidden, Expired. */
  reason?: string;
  code?: number;
  details?: { causes?: { reason?: string; message?: string }[]; retryAfterSeconds?: number };
}

/** What the call was about, for people. */
export interface Asked {
  /** As RBAC calls it. */
  verb: string;
  /** Path and query are the API's own; there is no secret in them. */
  path: string;
}

const MESSAGE_CHARACTERS = 1_000;

function readStatus(text: string): KubeStatus | null {
  const value = parseJson(text) as Partial<KubeStatus> | null | undefined;
  return value?.kind === 'Status' ? (value as KubeStatus) : null;
}

/** What the API said in its own words, where the error comes of that. */
export function kubeStatusOf(error: unknown): KubeStatus | null {
  const cause = error instanceof SeedError ? (error.cause as Partial<KubeStatus> | undefined) : undefined;
  return cause?.kind === 'Status' ? (cause as KubeStatus) : null;
}

/** Whether the API no longer has what was asked from: the version a watch is to go on from, or a list's page. */
export function isExpired(error: unknown): boolean {
  const status = kubeStatusOf(error);
  return status?.code === 410 || status?.reason === 'Expired' || status?.reason === 'Gone';
}

const CODES: Record<number, ErrorCode> = {
  400: 'invalid_input',
  401: 'not_authenticated',
  403: 'not_allowed',
  404: 'not_found',
  409: 'conflict',
  410: 'conflict',
  413: 'body_too_large',
  422: 'invalid_input',
};

/**
 * @param text the answer's body, or what was kept of it
 * @returns `unreachable` for what may pass (429, 5xx), and for what is no answer of this API, such as a redirect
 */
export function refusal(
  httpStatus: number,
  text: string,
  asked: Asked,
  options: SeedErrorOptions = {},
): SeedError {
  const status = readStatus(text) ?? { kind: 'Status', code: httpStatus, message: text.trim() };
  const said = (status.message ?? '').slice(0, MESSAGE_CHARACTERS) || `HTTP ${httpStatus}`;
  const what = `Kubernetes refuses to ${asked.verb} ${asked.path}: ${said}`;
  const more = { ...options, cause: { ...status, code: status.code ?? httpStatus } };
  if (httpStatus === 401) {
    const hint = 'The token or certificate is not taken: it is another cluster’s, or has expired.';
    return new SeedError('not_authenticated', what, { ...more, hint });
  }
  if (httpStatus === 403) return forbidden(what, said, more);
  const code = CODES[httpStatus];
  if (code !== undefined) return new SeedError(code, what, more);
  const shown = httpStatus >= 300 && httpStatus < 400 ? `${what} (a redirect, which is not followed)` : what;
  return new SeedError('unreachable', shown, { ...more, nothingDone: httpStatus < 500 });
}

function forbidden(what: string, said: string, options: SeedErrorOptions): SeedError {
  if (/exceeded quota/.test(said)) return new SeedError('limit_exceeded', what, options);
  const lacking = /cannot (\w+) resource "([^"]+)"(?: in API group "([^"]*)")?/.exec(said);
  if (!lacking) return new SeedError('not_allowed', what, options);
  const [, verb, resource, group] = lacking;
  const full = group ? `${resource}.${group}` : resource;
  return new SeedError('not_allowed', what, {
    ...options,
    hint: `The role of Seed's service account lacks the verb "${verb}" on "${full}".`,
  });
}
