// zod schemas as JSON Schema 2020-12, the form that OpenAPI 3.1 and the CLI's manifest share.
import { z } from 'zod';
import type { JsonSchema } from '../protocol/manifest.ts';

/** What a caller may send (`input`) or will get (`output`). */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
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
