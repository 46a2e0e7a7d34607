// Refuses what JSON can say and nothing behind it can keep as it was said: NUL and unpaired surrogates in text, which
// Postgres does not store, and endless nesting. Called for every input of a command.

import { storableText } from '../../db/storable.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** @throws SeedError invalid_input, naming the place */
export function refuseUnkeepable(input: unknown): void {
  const waiting: { value: unknown; path: string[] }[] = [{ value: input, path: [] }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, path } = next;
    if (typeof value === 'string') refuseText(value, path);
    if (typeof value !== 'object' || value === null) continue;
    if (path.length >= LIMITS.inputDepth)
      throw new SeedError('invalid_input', `${path[0]}: it is nested more than ${LIMITS.inputDepth} deep`);
    for (const [name, inner] of Object.entries(value)) {
      refuseText(name, path);
      waiting.push({ value: inner, path: [...path, name] });
    }
  }
}

function refuseText(text: string, path: string[]): void {
  if (text === storableText(text)) return;
  const where = path.length > 0 ? `${path.join('.')}: ` : '';
  throw new SeedError(
    'invalid_input',
    `${where}a text has NUL or half a surrogate pair, which cannot be kept`,
  );
}
