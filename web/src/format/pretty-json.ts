// JSON that came from elsewhere, for people to read and to copy: they see all that is there, and it means the
// same.
import { escapeJson } from '../../../src/lib/json.ts';

export function prettyJson(value: unknown): string {
  return escapeJson(JSON.stringify(value, null, 2));
}
