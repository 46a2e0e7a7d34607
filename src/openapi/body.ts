// An operation's body as inputs (its fields, or all of it as one), and its answer. Used by map-document.ts.
import { isRecord } from '../lib/json.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import type { Node, Resolve } from './document.ts';
import type { Taken } from './input-names.ts';
import type { Operation } from './operation.ts';
import { toInputSchema } from './schema.ts';

interface Body {
  taken: Taken[];
  /** What of it cannot be given. */
  leftOut: string[];
  /** Its media type; null: it takes none. */
  sends: string | null;
}

const NO_BODY: Body = { taken: [], leftOut: [], sends: null };

/** @returns the body, or why it cannot be sent */
export function readBody(resolve: Resolve, operation: Node): Body | string {
  if (operation['requestBody'] === undefined) return NO_BODY;
  const body = resolve(operation['requestBody']);
  if (body === null) return 'its body is described outside the document';
  const content = isRecord(body['content']) ? body['content'] : {};
  const sends = jsonTypeOf(content);
  const required = body['required'] === true;
  if (sends === undefined) {
    const types = Object.keys(content).join(', ');
    return required || types !== '' ? `its body is ${types || 'of no type'}` : NO_BODY;
  }
  const given = resolve(content[sends])?.['schema'];
  const schema = toInputSchema(resolve, given);
  const fields = Object.entries(schema.properties ?? {});
  if (schema.type === 'object' && fields.length > 0) {
    const more = resolve(given)?.['additionalProperties'];
    return {
      sends,
      leftOut: more === true || isRecord(more) ? ['fields of its body that have no name'] : [],
      taken: fields.map(([name, field]) => ({
        place: { in: 'body', name },
        schema: field,
        required: required && (schema.required ?? []).includes(name),
      })),
    };
  }
  const whole = { description: 'The body, as JSON', ...schema };
  return { sends, leftOut: [], taken: [{ place: { in: 'whole body', name: 'body' }, schema: whole, required }] };
}

function jsonTypeOf(content: Node): string | undefined {
  return Object.keys(content).find((type) => /^application\/([\w.+-]*\+)?json\b/i.test(type));
}

type Answer = Pick<Operation, 'accepts' | 'answers' | 'fields'>;

/** @returns the answer, or why it cannot be passed on */
export function readAnswer(resolve: Resolve, operation: Node): Answer | string {
  const responses = isRecord(operation['responses']) ? operation['responses'] : {};
  const statuses = Object.keys(responses);
  const good = statuses.filter((status) => /^2/.test(status)).sort();
  if (good.length === 0 && statuses.some((status) => /^3/.test(status))) return 'it answers with a redirect';
  const contents = (good.length > 0 ? good : ['default']).map((status) => {
    const content = resolve(responses[status])?.['content'];
    return isRecord(content) ? content : {};
  });
  for (const content of contents) {
    const accepts = jsonTypeOf(content);
    if (accepts !== undefined) return { accepts, ...shapeOf(resolve, resolve(content[accepts])?.['schema']) };
  }
  const types = contents.flatMap((content) => Object.keys(content));
  const text = types.find((type) => type.startsWith('text/') && type !== 'text/event-stream');
  if (text !== undefined) return { accepts: text, answers: 'value', fields: {} };
  // Without any the platform may still answer; what it is shows when it comes.
  return types.length === 0 ? { answers: 'nothing', fields: {} } : `it answers ${types.join(', ')}`;
}

function shapeOf(resolve: Resolve, given: unknown): Pick<Operation, 'answers' | 'fields'> {
  const schema = toInputSchema(resolve, given);
  if (schema.type === 'array') return { answers: 'list', fields: fieldsOf(schema.items) };
  if (['string', 'integer', 'number', 'boolean'].includes(String(schema.type)))
    return { answers: 'value', fields: {} };
  return { answers: 'object', fields: fieldsOf(schema) };
}

/** Names and types: what stands in them may differ, and nobody is refused an answer for it. */
function fieldsOf(schema: JsonSchema | undefined): Record<string, JsonSchema> {
  const entries = Object.entries(schema?.properties ?? {});
  return Object.fromEntries(entries.map(([name, { type }]) => [name, type === undefined ? {} : { type }]));
}
