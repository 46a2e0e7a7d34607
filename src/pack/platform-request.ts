// An operation with its inputs as the request to the platform, and whether that takes a key against repeats. Pure.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Operation, Place } from '../openapi/operation.ts';
import { SeedError } from '../protocol/errors.ts';
import type { CalledContext } from './pack-command.ts';
import { type Platform, shownCredential } from './platform.ts';

export interface PlatformRequest {
  method: Operation['method'];
  url: URL;
  headers: Record<string, string>;
  body: string | null;
}

type Caller = Pick<CalledContext, 'account' | 'actor' | 'creationId'>;
type Input = Record<string, unknown>;

/** `Idempotency-Key`, `X-Idempotency-Key`, `Idempotent-Token`, `X-Idempotence-Key`. */
const SAYS_SO = /idempoten/i;
/** Headers that are such keys by what their platforms' manuals say, whatever the document does. */
const KNOWN = /^paypal-request-id$/i;
/** `Request-Id`, `X-Command-Id`, `Client-Token`: keys where their description says so. */
const MAY_BE = /(id|key|token|reference)$/i;
/** Of lists in one parameter; lists of other forms have one for each item. */
const SEPARATORS: { [form in NonNullable<Place['form']>]?: string } = { commas: ',', spaces: ' ', pipes: '|' };
const DENIED = /\b(not|no|never|nor|without|isn't|doesn't)\b[^.]*idempoten/i;

/** @throws SeedError invalid_input: a value that cannot stand in a path or a header */
export function platformRequest(
  platform: Platform,
  operation: Operation,
  input: Input,
  caller: Caller,
): PlatformRequest {
  const shown = operation.public ? { headers: {}, query: {} } : shownCredential(platform);
  const url = new URL(platform.baseUrl + pathOf(operation, input));
  const query = givenIn(operation, input, 'query');
  const pairs = query.flatMap(({ name, form, value }) => queryPairs(name, form, value));
  for (const [name, value] of pairs) url.searchParams.append(name, value);
  for (const [name, value] of Object.entries(shown.query)) url.searchParams.set(name, value);
  const body = bodyOf(operation, input);
  return {
    method: operation.method,
    url,
    headers: {
      ...headersOf(operation, input, caller),
      accept: operation.accepts ?? 'application/json',
      // Said outright: what is sent compressed cannot be measured before it is unpacked.
      'accept-encoding': 'identity',
      'user-agent': 'seed',
      ...(body !== null && { 'content-type': operation.sends ?? 'application/json' }),
      ...(platform.sendCaller && callerHeaders(caller)),
      ...shown.headers,
    },
    body,
  };
}

/** The inputs that are given and go there, with the platform's names. */
function givenIn({ places }: Operation, input: Input, where: Place['in']) {
  return Object.entries(places)
    .filter(([name, place]) => place.in === where && input[name] !== undefined)
    .map(([name, place]) => ({ name: place.name ?? name, form: place.form, value: input[name] }));
}

function pathOf(operation: Operation, input: Input): string {
  const given = givenIn(operation, input, 'path');
  const values = new Map(given.map(({ name, form, value }) => [name, pathText(value, form)]));
  const path = operation.path.replace(/\{([^}]+)\}/g, (_, name: string) => values.get(name) ?? '');
  // They would name another path, and encoding leaves them as they are.
  if (/(^|\/)\.{1,2}(\/|$)/.test(path) || [...values.values()].includes(''))
    throw new SeedError('invalid_input', 'a part of the path cannot be empty, "." or ".."');
  return path;
}

function pathText(value: unknown, form: Place['form']): string {
  if (form === 'json') return encodeURIComponent(JSON.stringify(value));
  const texts = [value].flat().map(textOf);
  return texts.map(encodeURIComponent).join(',');
}

function queryPairs(name: string, form: Place['form'], value: unknown): [string, string][] {
  if (value === null) return [];
  if (form === 'json') return [[name, JSON.stringify(value)]];
  if (form === 'brackets' && typeof value === 'object' && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, inner]) => queryPairs(`${name}[${key}]`, form, inner));
  }
  if (!Array.isArray(value)) return [[name, textOf(value)]];
  const texts = value.map(textOf);
  const separator = form && SEPARATORS[form];
  return separator === undefined ? texts.map((text) => [name, text]) : [[name, texts.join(separator)]];
}

function headersOf(operation: Operation, input: Input, { creationId }: Caller): Record<string, string> {
  const given = givenIn(operation, input, 'header');
  const headers = Object.fromEntries(
    given.map(({ name, value }) => [name.toLowerCase(), headerText(name, value)]),
  );
  const key = idempotencyHeaderOf(operation);
  // The same again when the caller's request is repeated.
  return key === null ? headers : { [key.header.toLowerCase()]: creationId, ...headers };
}

function headerText(name: string, value: unknown): string {
  const text = [value].flat().map(textOf).join(',');
  if (/^[\t\x20-\x7e]*$/.test(text)) return text;
  throw new SeedError('invalid_input', `"${name}" goes into a header, which takes ASCII text of one line`);
}

function bodyOf(operation: Operation, input: Input): string | null {
  if (operation.sends === undefined) return null;
  const [whole] = givenIn(operation, input, 'whole body');
  if (whole) return JSON.stringify(whole.value);
  const fields = givenIn(operation, input, 'body');
  const takesFields = Object.values(operation.places).some((place) => place.in === 'body');
  if (fields.length === 0 && (!takesFields || ['GET', 'HEAD', 'DELETE'].includes(operation.method))) return null;
  return JSON.stringify(Object.fromEntries(fields.map(({ name, value }) => [name, value])));
}

function callerHeaders({ account, actor }: Caller): Record<string, string> {
  return { 'seed-account': account.id, ...(actor.taskId !== null && { 'seed-task': actor.taskId }) };
}

const textOf = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

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
