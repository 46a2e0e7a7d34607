import { expect, it } from 'vitest';
import type { JsonSchema } from '../../../protocol/manifest.ts';
import { idempotencyHeaderOf } from './idempotency-header.ts';

const header = (name: string, schema: JsonSchema = { type: 'string' }) =>
  idempotencyHeaderOf({ places: { key: { in: 'header', name } }, properties: { key: schema } });
const says = (description: string): JsonSchema => ({ type: 'string', description });

it.each<[string, JsonSchema?]>([
  ['Idempotency-Key'],
  ['idempotency-key', { type: 'string', format: 'uuid' }],
  ['X-Idempotency-Key', { type: 'string', maxLength: 64 }],
  ['Idempotence-Key'],
  ['X-Idempotent-Request-Token'],
  ['PayPal-Request-Id', says('The server stores keys for 45 days.')],
  ['X-Request-Id', says('Makes the request idempotent: sent again with the same id, it is done once.')],
  ['Client-Token', says('An idempotency token')],
])('%s is a key against repeats', (name, schema) => {
  expect(header(name, schema)).toEqual({ input: 'key', header: name });
});

it.each<[string, JsonSchema?]>([
  ['X-Request-Id'],
  ['X-Request-Id', says('Identifies this request when you talk to support')],
  ['X-Request-Id', says('For tracing only. It is not used for idempotency.')],
  ['If-Match', says('Together with PUT it makes updates idempotent')],
  ['Idempotency-Key', { type: 'string', maxLength: 20 }],
  ['Idempotency-Key', { type: 'string', pattern: '^[0-9]+$' }],
  ['Idempotency-Key', { type: 'integer' }],
  ['X-Idempotency-Key', says('Deprecated: this does not make the call idempotent.')],
])('%s is none', (name, schema) => {
  expect(header(name, schema)).toBeNull();
});

it('one in the query or the body is none: it is not sent by itself', () => {
  for (const place of ['query', 'body'] as const) {
    const places = { key: { in: place, name: 'Idempotency-Key' } };
    expect(idempotencyHeaderOf({ places, properties: {} })).toBeNull();
  }
});
