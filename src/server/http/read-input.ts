// A command's input out of a request: path, query (GET) or body (JSON, or a form with files), then the schema.
// What is not part of the input is refused: nobody is to believe that it did something.
import { readFile } from 'node:fs/promises';
import type { Context } from 'hono';
import type { z } from 'zod';
import type { Command, ObjectCommand } from '../../command/define-command.ts';
import { parseHttp, pathParameters, toJsonSchema } from '../../command/manifest.ts';
import { storableText } from '../../db/storable.ts';
import { parseExactly } from '../../lib/exact-json.ts';
import { parseJson, repeatedName } from '../../lib/json.ts';
import { fromText, fromTexts } from '../../lib/query-text.ts';
import { createSlots } from '../../lib/slots.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { GivenFile } from '../../protocol/file.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';
import type { HttpEnv } from './http-types.ts';
import type { Delivery } from './inbox.ts';
import { cutEnd, FINDING_LENGTH, invalidInput } from './invalid-input.ts';
import { bringsBody } from './limit-body.ts';
import { bodyStream, readMultipart, receiveFiles } from './read-files.ts';

/** The contents of files that the request brings are put aside in the delivery. */
export type InputReader = (c: Context<HttpEnv>, delivery: Delivery) => Promise<unknown>;

type ReadCommand = Pick<Command, 'http' | 'input'> &
  Pick<ObjectCommand, 'takesFiles' | 'takesLargeInput' | 'remote'>;

/** The reader of one command. It throws SeedError invalid_json, invalid_input or unsupported_media_type. */
export function inputReader(command: ReadCommand): InputReader {
  const { http, input, takesFiles = false, takesLargeInput = false, remote = false } = command;
  const { method, path } = parseHttp(http);
  const parameters = pathParameters(path);
  // At the first call: thousands of commands are mounted, and few of them are called.
  let known: { schema: z.ZodObject; properties: Record<string, JsonSchema> } | null = null;
  const prepared = () => {
    known ??= { schema: input.strict(), properties: toJsonSchema(input, 'input').properties ?? {} };
    return known;
  };
  // Parsed, JSON with files takes several times its bytes: one is held at a time, and what waits lies on the disk.
  const large = createSlots(1);
  return async (c, delivery) => {
    const { schema, properties } = prepared();
    const query = readQuery(c);
    using held = new DisposableStack();
    const readBytes = async () => {
      const isLarge = Number(c.req.header('content-length') ?? 0) > LIMITS.bodyBytes;
      if (!(takesFiles || takesLargeInput) || !isLarge) return c.req.arrayBuffer();
      const { path } = await delivery.receive(bodyStream(c), LIMITS.filesBodyBytes);
      held.defer(await large.enter(c.req.raw.signal));
      return readFile(path);
    };
    const given =
      method === 'GET'
        ? fromQuery(query, properties)
        : takesFiles && c.get('mediaType')?.essence === 'multipart/form-data'
          ? await fromParts(c, delivery)
          : await fromBody(c, readBytes, remote);
    const [stray] = method === 'GET' ? [] : [...query.keys()];
    if (stray !== undefined)
      throw new SeedError('invalid_input', `"${cutEnd(stray, FINDING_LENGTH)}" is in the query, not in the body`);
    for (const name of parameters) {
      if (name in given) throw new SeedError('invalid_input', `"${name}" stands in the path and nowhere else`);
      given[name] = fromText(c.req.param(name) ?? '', properties[name] ?? {});
    }
    refuseUnkeepable(given);
    c.set('given', given);
    const parsed = schema.safeParse(given);
    if (!parsed.success) throw invalidInput(parsed.error);
    if (!takesFiles) return parsed.data;
    return { ...parsed.data, files: await receiveFiles(parsed.data['files'] as GivenFile[], delivery) };
  };
}

async function fromParts(c: Context<HttpEnv>, delivery: Delivery): Promise<Record<string, unknown>> {
  const { json, files } = await readMultipart(c, delivery);
  const given = json === '' ? {} : objectOf(Buffer.from(json));
  if ('files' in given)
    throw new SeedError('invalid_input', 'files: they are parts "file" of this body, not in the JSON');
  return { ...given, files };
}

/** Every name with its values; also one that is empty or `__proto__`, for the schema to refuse. */
function readQuery(c: Context): Map<string, string[]> {
  if (!c.req.url.includes('?')) return new Map();
  const { search, searchParams } = new URL(c.req.url);
  try {
    decodeURIComponent(search);
  } catch (cause) {
    throw new SeedError('invalid_input', 'the query is not percent-encoded UTF-8', { cause });
  }
  return new Map([...searchParams.keys()].map((name) => [name, searchParams.getAll(name)]));
}

function fromQuery(query: Map<string, string[]>, properties: Record<string, JsonSchema>): Record<string, unknown> {
  // Without a prototype, so that every name is a name like any other.
  const given: Record<string, unknown> = Object.create(null);
  for (const [name, values] of query) {
    const schema = (Object.hasOwn(properties, name) && properties[name]) || {};
    const value = fromTexts(values, schema);
    if (value === undefined) throw new SeedError('invalid_input', `"${name}" is given ${values.length} times`);
    given[name] = value;
  }
  return given;
}

async function fromBody(
  c: Context<HttpEnv>,
  readBytes: () => Promise<ArrayBuffer | Uint8Array>,
  keepsDigits: boolean,
): Promise<Record<string, unknown>> {
  if (!bringsBody(c)) return {};
  const type = c.get('mediaType')?.essence;
  if (type !== 'application/json') {
    const stated = type === undefined ? 'of no stated type' : cutEnd(type, FINDING_LENGTH);
    const hint = 'Send JSON with the header "Content-Type: application/json".';
    throw new SeedError('unsupported_media_type', `the body is ${stated}, not application/json`, { hint });
  }
  const bytes = await readBytes();
  return bytes.byteLength === 0 ? {} : objectOf(bytes, keepsDigits);
}

/** @param keepsDigits numbers that JavaScript cannot hold stay as they were written */
function objectOf(bytes: ArrayBuffer | Uint8Array, keepsDigits = false): Record<string, unknown> {
  const failure = (cause: Error) =>
    new SeedError('invalid_json', `the body is not JSON: ${cause.message}`, { cause });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw failure(cause as Error);
  }
  const body = keepsDigits ? parseExactly(text, { failure }) : parseJson(text, failure);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new SeedError('invalid_input', 'the body is not a JSON object');
  }
  const twice = repeatedName(text);
  if (twice !== null)
    throw new SeedError(
      'invalid_input',
      `"${cutEnd(twice, FINDING_LENGTH)}" is given twice in one object of the body`,
    );
  return { ...body };
}

/** @throws SeedError invalid_input, naming the place */
function refuseUnkeepable(input: unknown): void {
  const waiting: { value: unknown; path: string[] }[] = [{ value: input, path: [] }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, path } = next;
    if (typeof value === 'string') refuseText(value, path);
    if (typeof value !== 'object' || value === null) continue;
    if (path.length >= LIMITS.inputDepth)
      throw new SeedError('invalid_input', `${path[0]}: it is nested more than ${LIMITS.inputDepth} deep`);
    for (const [name, inner] of Object.entries(value)) {
      refuseText(name, path);
      waiting.push({ value: inner, path: [...path, name] });
    }
  }
}

function refuseText(text: string, path: string[]): void {
  if (text === storableText(text)) return;
  const where = path.length > 0 ? `${path.join('.')}: ` : '';
  throw new SeedError('invalid_input', `${where}a text has NUL or half a surrogate pair, which cannot be kept`);
}
