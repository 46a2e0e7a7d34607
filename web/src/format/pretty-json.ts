// JSON from elsewhere, to read and to copy: all that is in it is seen, and it means the same.
import { escapeJson } from '../../../src/lib/json.ts';

export function prettyJson(value: unknown): string {
  return escapeJson(JSON.stringify(value, null, 2));
}
