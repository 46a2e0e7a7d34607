// A command's input out of a request: path parameters, then the query (GET) or the JSON body, then the schema.
import type { Context } from 'hono';
import type { z } from 'zod';
import type { Command } from '../commands/define-command.ts';
import { toJsonSchema } from '../commands/json-schema.ts';
import { parseHttp, pathParameters } from '../commands/manifest.ts';
import { SeedError } from '../protocol/errors.ts';
import type { JsonSchema } from '../protocol/manifest.ts';

export type InputReader = (c: Context) => Promise<unknown>;

/** Prepares the reader of one command. It throws SeedError invalid_json, invalid_input or unsupported_media_type. */
export function inputReader(command: Command): InputReader {
  const { method, path } = parseHttp(command.http);
  const parameters = pathParameters(path);
  const schema = command.input.strict();
  const properties = toJsonSchema(command.input, 'input').properties ?? {};
  return async (c) => {
    const given = method === 'GET' ? fromQuery(c.req.queries(), properties) : await fromBody(c);
    for (const name of parameters) {
      if (name in given)
        throw new SeedError('invalid_input', `"${name}" stands in the path and nowhere else`);
      given[name] = c.req.param(name);
    }
    const parsed = schema.safeParse(given);
    if (!parsed.success) throw invalidInput(parsed.error);
    return parsed.data;
  };
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
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new SeedError(
      'unsupported_media_type',
      `the body is ${type ?? 'of no stated type'}, not application/json`,
      {
        hint: 'Send JSON with the header "Content-Type: application/json".',
      },
    );
  }
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
