// The OpenAPI 3.1 description of the REST API, from the commands alone.

import { z } from 'zod';
import { type Command, isFile, isObject, isStream } from '../../command/define-command.ts';
import { parseHttp, pathParameters, toJsonSchema } from '../../command/manifest.ts';
import { Narrowing } from '../../command/narrow.ts';
import { neededInputs } from '../../lib/needed-inputs.ts';
import { credentialHeader } from '../../lib/pack-setting.ts';
import { BackgroundCall } from '../../protocol/background-call.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';
import { codeSamples } from './code-samples.ts';
import { ERROR_SCHEMA, errorComponents, errorResponses, references } from './openapi-errors.ts';
import { nounOf, tagsOf } from './openapi-tags.ts';
import { canBeLater } from './respond-async.ts';

type JsonObject = Record<string, unknown>;

export function toOpenApi(commands: readonly Command[], version: string): JsonObject {
  const components: Record<string, JsonSchema> = { Error: ERROR_SCHEMA };
  const paths: Record<string, JsonObject> = {};
  const templates = templatesOf(commands);
  for (const command of commands) {
    const { method, path } = parseHttp(command.http);
    const template = templates.get(shapeOf(path)) ?? path;
    const operations = paths[`/api/v1${template}`] ?? {};
    operations[method.toLowerCase()] = operation(command, { template, components });
    paths[`/api/v1${template}`] = operations;
  }
  const all = { '/api/v1/commands': LIST_COMMANDS, ...paths };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Seed',
      version,
      description: 'Hand work to an agent safely.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
    tags: tagsOf(commands),
    paths: all,
    components: {
      schemas: components,
      responses: { Later: laterResponse(components), ...errorComponents(all) },
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    },
  };
}

interface Place {
  /** Its path as the document has it: paths that differ in the names of their parameters alone are one there. */
  template: string;
  /** To which it adds what it names. */
  components: Record<string, JsonSchema>;
}

function operation(command: Command, { template, components }: Place): JsonObject {
  const { method, path } = parseHttp(command.http);
  const input = hoist(toJsonSchema(command.input, 'input'), components);
  const inPath = pathParameters(path);
  const rest = Object.entries(input.properties ?? {}).filter(([name]) => !inPath.includes(name));
  const required = (input.required ?? []).filter((name) => !inPath.includes(name));
  const names = pathParameters(template);
  return {
    operationId: command.name.replaceAll(' ', '_'),
    tags: [nounOf(command)],
    summary: command.summary,
    'x-seed-command': `seed ${command.name}`,
    'x-seed-scope': command.scope,
    'x-seed-effect': command.effect,
    ...(command.platform && { 'x-seed-pack': command.platform.pack }),
    'x-codeSamples': codeSamples(command),
    parameters: [
      ...inPath.map((name, index) => inTemplate(parameterOf(name, 'path', input), names[index] ?? name)),
      ...(method === 'GET' ? rest.map(([name]) => parameterOf(name, 'query', input)) : []),
      ...(waits(command) ? [PREFER_WAIT] : []),
      ...(canBeLater(command) ? [PREFER_LATER] : []),
      ...(command.effect === 'read' ? [] : [IDEMPOTENCY_KEY]),
      ...(isStream(command) ? [LAST_EVENT_ID] : []),
      ...credentialParameters(command),
    ],
    ...(method !== 'GET' &&
      rest.length > 0 && {
        requestBody: requestBody(command, Object.fromEntries(rest), required),
      }),
    responses: responses(command, components),
  };
}

/** What a schema says of its fields together. */
const TOGETHER = ['oneOf', 'dependentRequired', 'if', 'then', 'else', 'not'];
const togetherOf = (schema: JsonSchema): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([word]) => TOGETHER.includes(word)));

function requestBody(command: Command, properties: Record<string, JsonSchema>, required: string[]): JsonObject {
  const together = togetherOf(toJsonSchema(command.input, 'input'));
  const json = { type: 'object', properties, required, ...together, additionalProperties: false };
  const { files: _, ...others } = properties;
  const task = { ...json, properties: others };
  const file = {
    type: 'array',
    description: "A part for each file; its filename is the file's name",
    items: { type: 'string', contentMediaType: 'application/octet-stream' },
  };
  const form = {
    schema: { type: 'object', required: ['task'], properties: { task, file }, additionalProperties: false },
    encoding: { task: { contentType: 'application/json' } },
  };
  return {
    // An object without fields is as good as no body, unless some field has to be there.
    required: neededInputs(json).length > 0 || 'not' in together || 'if' in together,
    content: {
      'application/json': { schema: json },
      ...(isObject(command) && command.takesFiles && { 'multipart/form-data': form }),
    },
  };
}

function parameterOf(name: string, where: 'path' | 'query', input: JsonSchema): JsonObject {
  const { description, ...schema } = input.properties?.[name] ?? {};
  const required = where === 'path' || (input.required ?? []).includes(name);
  return { name, in: where, required, ...(description ? { description } : {}), schema };
}

const shapeOf = (path: string) => path.replace(/\{[^}]+\}/g, '{}');

/** By their shapes. Of paths that differ in the names of parameters alone, one with an `id` stands for all. */
function templatesOf(commands: readonly Command[]): Map<string, string> {
  const templates = new Map<string, string>();
  for (const { http } of commands) {
    const { path } = parseHttp(http);
    if (!templates.has(shapeOf(path)) || path.includes('{id}')) templates.set(shapeOf(path), path);
  }
  return templates;
}

/** A path parameter under the name that the template has for it; the command's own is told beside it. */
function inTemplate(parameter: JsonObject, name: string): JsonObject {
  return parameter['name'] === name ? parameter : { ...parameter, name, 'x-seed-input': parameter['name'] };
}

const COMMANDS_SCHEMA: JsonObject = {
  type: 'object',
  required: ['version', 'commands'],
  properties: {
    version: { type: 'string' },
    commands: { type: 'array', items: { type: 'object' } },
    nextCursor: { type: ['string', 'null'], description: 'Where `limit` is given' },
  },
};

/** Not a command itself: it tells which there are. */
const LIST_COMMANDS: JsonObject = {
  get: {
    operationId: 'commands',
    tags: ['commands'],
    summary: 'The commands that the presented key may use, with their inputs as JSON Schema',
    parameters: Object.keys(Narrowing.shape).map((name) =>
      parameterOf(name, 'query', toJsonSchema(Narrowing, 'input')),
    ),
    responses: {
      200: { description: 'Done', content: { 'application/json': { schema: COMMANDS_SCHEMA } } },
      ...references([400, 401, 403, 429, 500, 503]),
    },
  },
};

const PREFER_WAIT: JsonObject = {
  name: 'Prefer',
  in: 'header',
  description: '`wait=60` holds the answer until what it tells of has ended or 60 seconds are over (RFC 7240)',
  schema: { type: 'string', examples: ['wait=60'] },
};

const STARTS_AND_WAITS: readonly string[] = ['tasks run', 'tasks continue'];
const waits = (command: Command) =>
  STARTS_AND_WAITS.includes(command.name) || (isObject(command) && command.isPoll === true);

const PREFER_LATER: JsonObject = {
  name: 'Prefer',
  in: 'header',
  description:
    '`respond-async` has it answered with 202 at once, and done after that: `GET /background/{id}` tells what came of it (RFC 7240)',
  schema: { type: 'string', examples: ['respond-async'] },
};

/** Beside the command's own answer. */
function laterResponse(components: Record<string, JsonSchema>): JsonObject {
  const schema = hoist(toJsonSchema(z.object({ call: BackgroundCall }), 'output'), components);
  const description = 'Done later: it was called with `Prefer: respond-async`';
  const headers = {
    Location: { description: 'Where what came of it is told', schema: { type: 'string' } },
    'Preference-Applied': { description: '`respond-async`', schema: { type: 'string' } },
    'Idempotent-Replay': IDEMPOTENT_REPLAY,
  };
  return { description, headers, content: { 'application/json': { schema } } };
}

function credentialParameters({ platform }: Command): JsonObject[] {
  if (platform?.credential !== 'caller') return [];
  const description = `The caller's own credential for the platform of ${platform.pack}: shown to it, kept nowhere`;
  return [
    {
      name: credentialHeader(platform.pack),
      in: 'header',
      description,
      schema: { type: 'string', writeOnly: true },
    },
  ];
}

const LAST_EVENT_ID: JsonObject = {
  name: 'Last-Event-ID',
  in: 'header',
  description: 'The id of the last event that was seen: the stream goes on after it',
  schema: { type: 'string', pattern: '^[0-9]{1,9}$' },
};

const IDEMPOTENCY_KEY: JsonObject = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'However often the request is sent with it within 24 hours, its work is done once and its first answer given; `outcome_unknown` (409) where the first was cut off and may have been done',
  schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
};

const IDEMPOTENT_REPLAY: JsonObject = {
  description: '`true`: this is the answer of an earlier request with the same Idempotency-Key',
  schema: { type: 'string' },
};

const ELSEWHERE: JsonObject = {
  description: 'Behind functions, of a file too large for their answers: where the store has it, for five minutes',
  headers: { Location: { schema: { type: 'string', format: 'uri' } } },
};

function responses(command: Command, components: Record<string, JsonSchema>): JsonObject {
  const errors = errorResponses(command);
  if (isStream(command)) {
    const schema = hoist(toJsonSchema(command.item, 'output'), components);
    const description = 'One object a line; server-sent events with Accept: text/event-stream';
    const content = { 'application/x-ndjson': { schema }, 'text/event-stream': { schema: { type: 'string' } } };
    return { 200: { description, content }, ...errors };
  }
  if (isFile(command)) {
    const description = 'The bytes of the file, with its media type; Repr-Digest has their SHA-256';
    const content = { '*/*': { schema: { type: 'string', format: 'binary' } } };
    return { 200: { description, content }, 302: ELSEWHERE, ...errors };
  }
  const schema = hoist(toJsonSchema(command.output, 'output'), components);
  const answer = {
    description: 'Done',
    ...(command.effect !== 'read' && { headers: { 'Idempotent-Replay': IDEMPOTENT_REPLAY } }),
    content: { 'application/json': { schema } },
  };
  const later = canBeLater(command) && { 202: { $ref: '#/components/responses/Later' } };
  return { [String(command.successStatus ?? 200)]: answer, ...later, ...errors };
}

/** Moves a schema's $defs into the components and points its references there. */
function hoist(schema: JsonSchema, components: Record<string, JsonSchema>): JsonSchema {
  const moved = JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
  const { $defs, ...rest } = moved;
  Object.assign(components, $defs ?? {});
  const { id, ...self } = rest;
  if (typeof id !== 'string') return rest;
  components[id] = self;
  return { $ref: `#/components/schemas/${id}` };
}
