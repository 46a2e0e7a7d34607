// A command's input out of a request: path parameters, then the query (GET) or the body (JSON, or the parts of a form where it brings
// files), then the schema.
import type { Context } from 'hono';
import type { z } from 'zod';
import { type Command, isObject } from '../commands/define-command.ts';
import { toJsonSchema } from '../commands/json-schema.ts';
import { parseHttp, pathParameters } from '../commands/manifest.ts';
import { SeedError } from '../protocol/errors.ts';
import type { GivenFile } from '../protocol/file.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import type { Delivery } from './blobs/inbox.ts';
import { readMultipart, receiveFiles } from './read-files.ts';

/** The contents of files that the request brings are put aside in the delivery. */
export type InputReader = (c: Context, delivery: Delivery) => Promise<unknown>;

/** Prepares the reader of one command. It throws SeedError invalid_json, invalid_input or unsupported_media_type. */
export function inputReader(command: Command): InputReader {
  const { method, path } = parseHttp(command.http);
  const parameters = pathParameters(path);
  const schema = command.input.strict();
  const properties = toJsonSchema(command.input, 'input').properties ?? {};
  const takesFiles = isObject(command) && command.takesFiles === true;
  return async (c, delivery) => {
    const given =
      method === 'GET'
        ? fromQuery(c.req.queries(), properties)
        : takesFiles && mediaTypeOf(c) === 'multipart/form-data'
          ? await fromParts(c, delivery)
          : await fromBody(c);
    for (const name of parameters) {
      if (name in given)
        throw new SeedError('invalid_input', `"${name}" stands in the path and nowhere else`);
      given[name] = c.req.param(name);
    }
    const parsed = schema.safeParse(given);
    if (!parsed.success) throw invalidInput(parsed.error);
    if (!takesFiles) return parsed.data;
    return { ...parsed.data, files: await receiveFiles(parsed.data['files'] as GivenFile[], delivery) };
  };
}

async function fromParts(c: Context, delivery: Delivery): Promise<Record<string, unknown>> {
  const { json, files } = await readMultipart(c, delivery);
  const given = json === '' ? {} : objectOf(json);
  if ('files' in given)
    throw new SeedError('invalid_input', 'files: they are parts "file" of this body, not in the JSON');
  return { ...given, files };
}

function fromQuery(
  query: Record<string, string[]>,
  properties: Record<string, JsonSchema>,
): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [name, values] of Object.entries(query)) {
    const type = properties[name]?.type;
    if (type === 'array') given[name] = values.flatMap((value) => value.split(','));
    else if (values.length > 1)
      throw new SeedError('invalid_input', `"${name}" is given ${values.length} times`);
    else given[name] = fromText(values[0] ?? '', type);
  }
  return given;
}

/** What does not read as its type stays text, for the schema to refuse. */
function fromText(text: string, type: JsonSchema['type']): unknown {
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

async function fromBody(c: Context): Promise<Record<string, unknown>> {
  const text = await c.req.text();
  if (text === '') return {};
  const type = mediaTypeOf(c);
  if (type !== 'application/json') {
    throw new SeedError(
      'unsupported_media_type',
      `the body is ${type ?? 'of no stated type'}, not application/json`,
      {
        hint: 'Send JSON with the header "Content-Type: application/json".',
      },
    );
  }
  return objectOf(text);
}

function mediaTypeOf(c: Context): string | undefined {
  return c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
}

function objectOf(text: string): Record<string, unknown> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new SeedError('invalid_json', `the body is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new SeedError('invalid_input', 'the body is not a JSON object');
  }
  return { ...body };
}

/** One sentence for all that is wrong, at most five findings. */
export function invalidInput(error: z.ZodError): SeedError {
  const findings = error.issues.map((issue) => {
    const where = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys')
      return `unknown field: ${[...(where ? [where] : []), issue.keys.join(', ')].join('.')}`;
    return where ? `${where}: ${issue.message}` : issue.message;
  });
  const rest = findings.length > 5 ? ` (and ${findings.length - 5} more)` : '';
  return new SeedError('invalid_input', findings.slice(0, 5).join('; ') + rest, {
    hint: 'GET /openapi.json describes every field.',
    cause: error,
  });
}
