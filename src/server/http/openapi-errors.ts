// The error answers of operations in the OpenAPI description: which statuses, and the codes of each.
import { type Command, isObject } from '../../command/define-command.ts';
import { parseHttp, pathParameters, toJsonSchema } from '../../command/manifest.ts';
import { ERROR_STATUS, type ErrorCode } from '../../protocol/errors.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';

type JsonObject = Record<string, unknown>;

/** To runners and models only, or outside HTTP; 405 is answered where there is no operation. */
const NOT_OF_OPERATIONS: readonly ErrorCode[] = [
  'lease_lost',
  'llm_unavailable',
  'llm_refused',
  'context_too_long',
  'method_not_allowed',
  'invalid_settings',
  'setup_failed',
  'sandbox_failed',
  'not_supported',
  'unreachable',
  'usage',
];

const MEANING: Record<number, string> = {
  400: 'The request is not sound',
  401: 'There is no key, or it is worth nothing now',
  403: 'The key may not do this, or not from there',
  404: 'There is no such thing in this account',
  409: 'It clashes with how things are, or with another request',
  413: 'The body is too large',
  415: 'The body is not declared as JSON',
  429: 'Too often, or too many at a time',
  500: 'Something nobody foresaw',
  502: 'The platform that does the work fails',
  503: 'It cannot be done now',
};

const HEADERS: Record<number, JsonObject> = {
  401: { 'WWW-Authenticate': { schema: { type: 'string' } } },
  429: {
    'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 0 } },
    RateLimit: { description: 'Of a key with requestsPerMinute', schema: { type: 'string' } },
    'RateLimit-Policy': { schema: { type: 'string' } },
  },
  503: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 0 } } },
};

export const ERROR_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'hint', 'requestId'],
      properties: {
        code: { type: 'string', enum: codesWhere(() => true) },
        message: { type: 'string', description: 'What happened, to what' },
        hint: { type: ['string', 'null'], description: 'What to do next' },
        requestId: { type: ['string', 'null'] },
      },
    },
  },
};

/** For `components.responses`: those that the paths refer to. */
export function errorComponents(paths: JsonObject): JsonObject {
  const used = JSON.stringify(paths);
  const named = Object.entries(MEANING).filter(([status]) => used.includes(referenceTo(status)));
  return Object.fromEntries(
    named.map(([status, description]) => {
      const codes = codesWhere((each) => each === Number(status));
      const narrowed = { properties: { error: { properties: { code: { enum: codes } } } } };
      const schema = { allOf: [{ $ref: '#/components/schemas/Error' }, narrowed] };
      const headers = HEADERS[Number(status)];
      const content = { 'application/json': { schema } };
      return [`Error${status}`, { description, ...(headers && { headers }), content }];
    }),
  );
}

/** The error answers that a command can get. */
export function errorResponses(command: Command): JsonObject {
  const { method, path } = parseHttp(command.http);
  const { properties = {}, required = [] } = toJsonSchema(command.input, 'input');
  // What a read may leave out only filters.
  const namesThings = Object.entries(properties).some(
    ([name, field]) =>
      (field['format'] === 'uuid' || /(^id|Id|^pack)$/.test(name)) &&
      (method !== 'GET' || required.includes(name)),
  );
  const remote = isObject(command) && command.remote === true;
  return references([
    400,
    401,
    403,
    ...(remote || namesThings || pathParameters(path).length > 0 ? [404] : []),
    ...(remote || command.effect !== 'read' ? [409] : []),
    ...(method === 'GET' ? [] : [413, 415]),
    429,
    500,
    ...(remote ? [502] : []),
    503,
  ]);
}

export function references(statuses: readonly number[]): JsonObject {
  return Object.fromEntries(statuses.map((status) => [status, { $ref: referenceTo(status) }]));
}

const referenceTo = (status: number | string) => `#/components/responses/Error${status}`;

function codesWhere(fits: (status: number) => boolean): string[] {
  return Object.entries(ERROR_STATUS)
    .filter(([code, status]) => fits(status) && !NOT_OF_OPERATIONS.includes(code as ErrorCode))
    .map(([code]) => code);
}
