// Makes text that came from outside acceptable to Postgres, which stores neither NUL nor unpaired surrogates.
import { isMany } from '../lib/exact-json.ts';

const NUL = String.fromCharCode(0);
const REPLACEMENT = '\ufffd';

/** The text with what cannot be stored replaced by U+FFFD. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll(NUL, REPLACEMENT);
}

export function storableTextOrNull(text: string | null): string | null {
  return text === null ? null : storableText(text);
}

/** The value as JSON for a jsonb column, every string in it (keys, too) made storable. */
export function storableJson(value: unknown): string {
  return JSON.stringify(storableValue(value));
}

/** The same as a value, for one that becomes a part of something larger. */
export function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (!isMany(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), storableValue(item)]));
}
