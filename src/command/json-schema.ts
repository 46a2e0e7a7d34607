// zod schemas as JSON Schema 2020-12, the form that OpenAPI 3.1 and the CLI's manifest share.
import { z } from 'zod';
import type { JsonSchema } from '../protocol/manifest.ts';

/** Every task's manifest is made of the same schemas, and a platform may have a thousand commands. */
const known = { input: new WeakMap<z.ZodType, JsonSchema>(), output: new WeakMap<z.ZodType, JsonSchema>() };

/** What a caller may send (`input`) or will get (`output`). One object a schema, which is not to be changed. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const found = known[io].get(schema) ?? convert(schema, io);
  known[io].set(schema, found);
  return found;
}

function convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    // A format says it already; zod's own pattern for a date alone is 300 characters.
    override: ({ jsonSchema }) => {
      if (jsonSchema.format) delete jsonSchema.pattern;
    },
  });
  return rest as JsonSchema;
}
