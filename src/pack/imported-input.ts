// The input of an imported command: shown as its operations.json says, judged by what the document says.
import { z } from 'zod';
import type { Operation } from '../openapi/operation.ts';
import type { Definitions } from '../openapi/schema.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import { problemsOf } from './judge-input.ts';
import { lazyObject } from './lazy-object.ts';

/** @param required what has to be given, whatever the operation says */
export function importedInput(
  operation: Operation,
  required: readonly string[],
  definitions: Definitions,
): z.ZodObject {
  const { properties, whole = {}, together = [] } = operation;
  const fields = Object.entries(properties).map(([name, schema]) => {
    const field = () => judgedField(schema, whole[name] ?? schema, definitions);
    return [name, required.includes(name) ? field : () => field().optional()] as const;
  });
  const input = lazyObject(fields, { isLoose: false });
  if (together.length === 0) return input;
  const ofBody = Object.entries(operation.places).flatMap(([name, { in: where }]) =>
    where === 'body' || where === 'body fields' ? [name] : [],
  );
  return input
    .check((context) => {
      const given = context.value as Record<string, unknown>;
      if (ofBody.every((name) => given[name] === undefined)) return;
      for (const name of together) {
        if (given[name] !== undefined) continue;
        const message = 'Required as soon as anything of the body is given';
        context.issues.push({ code: 'custom', path: [name], message, input: given });
      }
    })
    .meta({ dependentRequired: dependencies(ofBody, together) });
}

function dependencies(ofBody: readonly string[], together: readonly string[]): Record<string, string[]> {
  const all = ofBody.map((name) => [name, together.filter((other) => other !== name)] as const);
  return Object.fromEntries(all.filter(([, others]) => others.length > 0));
}

function judgedField(shown: JsonSchema, whole: JsonSchema, definitions: Definitions): z.ZodType {
  return z
    .unknown()
    .check((context) => {
      for (const { path, message } of problemsOf(whole, context.value, definitions).slice(0, 10))
        context.issues.push({ code: 'custom', path, message, input: context.value });
    })
    .meta(shown);
}
