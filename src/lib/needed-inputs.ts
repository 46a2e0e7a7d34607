// Which inputs of a command have to be given. Used by the CLI, by what agents are told, and by OpenAPI.
import type { JsonSchema } from '../protocol/manifest.ts';

/** Where a schema knows several ways (`oneOf` with `required` in each): the names that the first of them needs. */
export function neededInputs({ required = [], oneOf }: JsonSchema): string[] {
  const [first] = Array.isArray(oneOf) ? (oneOf as JsonSchema[]) : [];
  return [...required, ...(first?.required ?? [])];
}
