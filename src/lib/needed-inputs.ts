// Which inputs of a command have to be given. Used by the CLI, by what agents are told, and by OpenAPI.
import type { JsonSchema } from '../protocol/manifest.ts';

/** Where a schema knows several ways (`anyOf` with `required` in each): the names that the first of them needs. */
export function neededInputs({ required = [], anyOf }: JsonSchema): string[] {
  const [first] = Array.isArray(anyOf) ? (anyOf as JsonSchema[]) : [];
  return [...required, ...(first?.required ?? [])];
}
