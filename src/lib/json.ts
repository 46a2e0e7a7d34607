// JSON: parsed where it may be none, and shown so that nothing in it steers a terminal or a page.

/** DEL, C1, and what hides text or changes its direction. JSON itself escapes C0. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Pure; the JSON means the same. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** @param failure makes the error to throw for what is no JSON; without it that is undefined, which no JSON is */
export function parseJson(text: string, failure?: (cause: Error) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (failure) throw failure(cause as Error);
    return undefined;
  }
}

/** Whether the value is an object, and neither a list nor null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
