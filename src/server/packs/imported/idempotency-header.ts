// Whether a platform takes a key against repeats of an operation, by what its document says. Only what it declares counts: a call
// that is sent again with a header that nobody looks at is done twice.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Operation } from '../../../openapi/operation.ts';
import type { JsonSchema } from '../../../protocol/manifest.ts';

/** `Idempotency-Key`, `X-Idempotency-Key`, `Idempotent-Token`, `X-Idempotence-Key`. */
const SAYS_SO = /idempoten/i;
/** Headers that are such keys by what their platforms' manuals say, whatever the document does. */
const KNOWN = /^paypal-request-id$/i;
/** `Request-Id`, `X-Command-Id`, `Client-Token`: keys where their description says so. */
const MAY_BE = /(id|key|token|reference)$/i;
const DENIED = /\b(not|no|never|nor|without|isn't|doesn't)\b[^.]*idempoten/i;

/** @returns the input that is the header of a key against repeats, with the header's name; null: it takes none */
export function idempotencyHeaderOf({
  places,
  properties,
}: Pick<Operation, 'places' | 'properties'>): { input: string; header: string } | null {
  for (const [input, place] of Object.entries(places)) {
    if (place.in !== 'header') continue;
    const header = place.name ?? input;
    const schema = properties[input] ?? {};
    if (isKey(header, schema.description ?? '') && takesUuid(schema)) return { input, header };
  }
  return null;
}

function isKey(header: string, description: string): boolean {
  if (DENIED.test(description)) return false;
  return SAYS_SO.test(header) || KNOWN.test(header) || (MAY_BE.test(header) && SAYS_SO.test(description));
}

/** What Seed sends there is the call's creation id. */
function takesUuid(schema: JsonSchema): boolean {
  return z.fromJSONSchema(schema as never).safeParse(randomUUID()).success;
}
