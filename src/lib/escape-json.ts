// JSON that a terminal or a page shows as it is: what would steer it, hide or reorder text stands there as an escape.

/** DEL, C1, and what hides text or changes its direction. JSON itself escapes C0. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Pure; the JSON means the same. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
