// An operation with its inputs as the request to the platform, and whether that takes a key against repeats. Pure.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { isMany } from '../lib/exact-json.ts';
import type { Operation } from '../openapi/operation.ts';
import type { Definitions } from '../openapi/schema.ts';
import { SeedError } from '../protocol/errors.ts';
import { withNumbers } from './exact-numbers.ts';
import type { CalledContext } from './pack-command.ts';
import { NOTHING_SHOWN, type Platform, shownCredential } from './platform.ts';
import { givenIn, type Input, requestBody } from './request-body.ts';
import { cookiePairs, headerText, pathText, queryPairs, textOf } from './styles.ts';

export interface PlatformRequest {
  method: Operation['method'];
  url: URL;
  headers: Record<string, string>;
  body: string | Buffer | null;
}

type Caller = Pick<CalledContext, 'account' | 'actor' | 'creationId'>;

/** `Idempotency-Key`, `X-Idempotency-Key`, `Idempotent-Token`, `X-Idempotence-Key`. */
const SAYS_SO = /idempoten/i;
/** Headers that are such keys by what their platforms' manuals say, whatever the document does. */
const KNOWN = /^paypal-request-id$/i;
/** `Request-Id`, `X-Command-Id`, `Client-Token`: keys where their description says so. */
const MAY_BE = /(id|key|token|reference)$/i;
const DENIED = /\b(not|no|never|nor|without|isn't|doesn't)\b[^.]*idempoten/i;

/** @throws SeedError invalid_input: a value that cannot stand where it goes */
export function platformRequest(
  platform: Platform,
  { operation, definitions = {} }: { operation: Operation; definitions?: Definitions | undefined },
  given: Input,
  caller: Caller,
): PlatformRequest {
  const input = Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const schema = operation.whole?.[name] ?? operation.properties[name] ?? {};
      return [name, withNumbers(schema, value, definitions)];
    }),
  );
  const shown = operation.public ? NOTHING_SHOWN : shownCredential(platform);
  const url = new URL(platform.baseUrl + pathOf(operation, input));
  const query = [
    ...queryOf(operation, input, Object.keys(shown.query)),
    ...Object.entries(shown.query).map(
      ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
    ),
  ];
  // An address may have a query of its own.
  url.search = [url.search.slice(1), ...query].filter((part) => part !== '').join('&');
  const body = requestBody(operation, input);
  const cookies = [
    ...givenIn(operation, input, 'cookie').flatMap(({ value, ...spot }) => cookiePairs(spot, value)),
    ...Object.entries(shown.cookies).map(([name, value]) => `${name}=${value}`),
  ];
  return {
    method: operation.method,
    url,
    headers: {
      ...headersOf(operation, input, caller),
      accept: operation.accepts ?? 'application/json',
      // Said outright: what is sent compressed cannot be measured before it is unpacked.
      'accept-encoding': 'identity',
      'user-agent': 'seed',
      ...(body !== null && { 'content-type': body.type }),
      ...(cookies.length > 0 && { cookie: cookies.join('; ') }),
      ...(platform.sendCaller && callerHeaders(caller)),
      ...shown.headers,
    },
    body: body === null ? null : body.content,
  };
}

function pathOf(operation: Operation, input: Input): string {
  const given = givenIn(operation, input, 'path');
  const values = new Map(given.map(({ value, ...spot }) => [spot.name, pathText(spot, value)]));
  const path = operation.path.replace(/\{([^}]+)\}/g, (_, name: string) => values.get(name) ?? '');
  // They would name another path, and encoding leaves them as they are.
  if (/(^|\/)\.{1,2}(\/|$)/.test(path) || [...values.values()].includes(''))
    throw new SeedError('invalid_input', 'a part of the path cannot be empty, "." or ".."');
  return path;
}

/** @param credential names that are the credential's, whatever is given */
function queryOf(operation: Operation, input: Input, credential: readonly string[]): string[] {
  const whole = givenIn(operation, input, 'querystring').flatMap(({ value, ...spot }) => {
    if (spot.form === 'json') return [encodeURIComponent(JSON.stringify(value))];
    if (spot.form === undefined) return [encodeURIComponent(textOf(value))];
    // As the fields of a form: lists one by one, objects as JSON.
    return Object.entries(value as object).flatMap(([name, field]) => {
      const form = Array.isArray(field) ? 'repeated' : isMany(field) ? 'json' : undefined;
      return queryPairs({ name, ...(form && { form }) }, field);
    });
  });
  const query = givenIn(operation, input, 'query');
  const own = new Set(
    Object.entries(operation.places).flatMap(([name, place]) =>
      place.in === 'query' ? [place.name ?? name] : [],
    ),
  );
  const pairs = query.flatMap(({ value, ...spot }) => {
    // The fields of an object stand beside the other parameters.
    const fields = spot.form === 'repeated' && isMany(value) && !Array.isArray(value) ? Object.keys(value) : [];
    const clash = fields.find((name) => (own.has(name) && name !== spot.name) || credential.includes(name));
    if (clash === undefined) return queryPairs(spot, value);
    throw new SeedError('invalid_input', `"${spot.name}": its field "${clash}" would be another parameter`);
  });
  const isTaken = (pair: string) => credential.some((name) => pair.startsWith(`${encodeURIComponent(name)}=`));
  return [...whole, ...pairs].filter((pair) => !isTaken(pair));
}

function headersOf(operation: Operation, input: Input, { creationId }: Caller): Record<string, string> {
  const given = givenIn(operation, input, 'header');
  const headers = Object.fromEntries(
    given.map(({ value, ...spot }) => [spot.name.toLowerCase(), headerText(spot, value)]),
  );
  const key = idempotencyHeaderOf(operation);
  // The same again when the caller's request is repeated.
  return key === null ? headers : { [key.header.toLowerCase()]: creationId, ...headers };
}

function callerHeaders({ account, actor }: Caller): Record<string, string> {
  return { 'seed-account': account.id, ...(actor.taskId !== null && { 'seed-task': actor.taskId }) };
}

/**
 * By what the document says: only what it declares counts, for a call that is sent again with a header that nobody
 * looks at is done twice.
 * @returns the input that is the header of a key against repeats, with the header's name; null: it takes none
 */
export function idempotencyHeaderOf(operation: Pick<Operation, 'places' | 'properties'>) {
  for (const [input, place] of Object.entries(operation.places)) {
    if (place.in !== 'header') continue;
    const header = place.name ?? input;
    const schema = operation.properties[input] ?? {};
    // What Seed sends there is the call's creation id.
    const takesUuid = () => z.fromJSONSchema(schema as never).safeParse(randomUUID()).success;
    if (isKey(header, schema.description ?? '') && takesUuid()) return { input, header };
  }
  return null;
}

function isKey(header: string, description: string): boolean {
  if (DENIED.test(description)) return false;
  return SAYS_SO.test(header) || KNOWN.test(header) || (MAY_BE.test(header) && SAYS_SO.test(description));
}
