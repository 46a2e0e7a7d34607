// What an operation answers when all goes well.
import type { JsonSchema } from '../protocol/manifest.ts';
import { jsonTypeOf } from './body.ts';
import { isNode, type Node, type Resolve } from './document.ts';
import type { Operation } from './operation.ts';
import { toInputSchema } from './schema.ts';

type Answer = Pick<Operation, 'accepts' | 'answers' | 'fields'>;

/** @returns the answer, or why it cannot be passed on */
export function readAnswer(resolve: Resolve, operation: Node): Answer | string {
  const responses = isNode(operation['responses']) ? operation['responses'] : {};
  const statuses = Object.keys(responses);
  const good = statuses.filter((status) => /^2/.test(status)).sort();
  if (good.length === 0 && statuses.some((status) => /^3/.test(status))) return 'it answers with a redirect';
  const contents = (good.length > 0 ? good : ['default']).map((status) => {
    const content = resolve(responses[status])?.['content'];
    return isNode(content) ? content : {};
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
  return Object.fromEntries(
    Object.entries(schema?.properties ?? {}).map(([name, { type }]) => [
      name,
      type === undefined ? {} : { type },
    ]),
  );
}
