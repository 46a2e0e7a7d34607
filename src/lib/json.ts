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

/**
 * A name that an object of the text gives twice, wherever it lies: readers differ in which of the values they take
 * (RFC 8259, section 4). Null: none. @param json what JSON.parse reads
 */
export function repeatedName(json: string): string | null {
  const around: (Set<string> | null)[] = [];
  let names: Set<string> | null = null;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '{' || char === '[') {
      around.push(names);
      names = char === '{' ? new Set() : null;
    } else if (char === '}' || char === ']') names = around.pop() ?? null;
    else if (char === '"') {
      const end = endOfString(json, at);
      if (names !== null && isColonNext(json, end)) {
        const name = JSON.parse(json.slice(at, end)) as string;
        if (names.has(name)) return name;
        names.add(name);
      }
      at = end - 1;
    }
  }
  return null;
}

function isColonNext(json: string, from: number): boolean {
  let at = from;
  while (' \t\n\r'.includes(json[at] ?? ':')) at++;
  return json[at] === ':';
}

/** Behind the closing quote of the string that opens at `from`. */
function endOfString(json: string, from: number): number {
  for (let end = json.indexOf('"', from + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let slashes = 0;
    while (json[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return json.length;
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
