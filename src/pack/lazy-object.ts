// An object whose fields are made when somebody looks at them: of the thousands of commands that imported packs
// have, a server calls and shows few. Used by imported-input.ts and imported-commands.ts.
import { z } from 'zod';

type Fields = readonly (readonly [name: string, make: () => z.ZodType])[];

/** @param isLoose other fields are let through */
export function lazyObject(fields: Fields, { isLoose }: { isLoose: boolean }): z.ZodObject {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, make] of fields) {
    const keep = (value: z.ZodType) => {
      Object.defineProperty(shape, name, { value, enumerable: true, configurable: true });
      return value;
    };
    Object.defineProperty(shape, name, { get: () => keep(make()), enumerable: true, configurable: true });
  }
  return new z.ZodObject({
    type: 'object',
    // As a getter: what is no getter zod copies, with all fields, as soon as it is looked at.
    get shape() {
      return shape;
    },
    ...(isLoose && { catchall: z.unknown() }),
  });
}
