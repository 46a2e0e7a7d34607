// The body of an operation as inputs: the fields of a JSON object each by itself, any other JSON as one.
import { isNode, type Node, type Resolve } from './document.ts';
import type { Taken } from './inputs.ts';
import { toInputSchema } from './schema.ts';

export interface Body {
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
  const content = isNode(body['content']) ? body['content'] : {};
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
    const isRequired = (name: string) => required && (schema.required ?? []).includes(name);
    const more = resolve(given)?.['additionalProperties'];
    return {
      sends,
      leftOut: more === true || isNode(more) ? ['fields of its body that have no name'] : [],
      taken: fields.map(([name, field]) => ({
        place: { in: 'body', name },
        schema: field,
        required: isRequired(name),
      })),
    };
  }
  const whole = { description: 'The body, as JSON', ...schema };
  return {
    sends,
    leftOut: [],
    taken: [{ place: { in: 'whole body', name: 'body' }, schema: whole, required }],
  };
}

/** The first that is JSON. */
export function jsonTypeOf(content: Node): string | undefined {
  return Object.keys(content).find((type) => /^application\/([\w.+-]*\+)?json\b/i.test(type));
}
