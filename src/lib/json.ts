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

/** Whether it is nested deeper: whoever reads such a value by calling itself could exhaust its stack. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/** Where the object or list ends that begins at `from`; -1: none begins there, or it does not end. */
export function endOfObject(text: string, from = 0): number {
  if (text[from] !== '{' && text[from] !== '[') return -1;
  let depth = 0;
  let inString = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/** Two faults that have one meaning only: a raw line end in a string, and a backslash that escapes nothing. */
export function repairedJson(json: string): string {
  let text = '';
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const char = json[at] ?? '';
    if (char === '"') inString = !inString;
    if (!inString) text += char;
    else if (char === '\\') {
      const sequence = /^\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])/.exec(json.slice(at, at + 6))?.[0];
      text += sequence ?? '\\\\';
      at += (sequence?.length ?? 1) - 1;
    } else text += char < ' ' ? JSON.stringify(char).slice(1, -1) : char;
  }
  return text;
}
