// Finds the JSON documents in a text that has several, one after the other. Called by event-stream.ts.
import { parseJson } from '../../../lib/json.ts';

interface Documents {
  values: unknown[];
  /** What follows the last one, without space around it. */
  rest: string;
}

/** Objects and lists, with nothing but space, commas and line ends between them. Looks at each character once. */
export function documentsIn(text: string): Documents {
  const values: unknown[] = [];
  let at = 0;
  for (;;) {
    at = skipBetween(text, at);
    const end = endOfDocument(text, at);
    const value = end === null ? undefined : parseJson(text.slice(at, end));
    if (end === null || value === undefined) return { values, rest: text.slice(at).trim() };
    values.push(value);
    at = end;
  }
}

function skipBetween(text: string, from: number): number {
  const between = /[\s,]*/y;
  between.lastIndex = from;
  between.test(text);
  return between.lastIndex;
}

/** Where the object or list that begins there ends; null when none does, or it is not whole. */
function endOfDocument(text: string, from: number): number | null {
  if (text[from] !== '{' && text[from] !== '[') return null;
  const marks = /["{}[\]]/g;
  const stringEnd = /["\\]/g;
  marks.lastIndex = from;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === '"') {
      const end = endOfString(text, marks.lastIndex, stringEnd);
      if (end === null) return null;
      marks.lastIndex = end;
      continue;
    }
    depth += mark[0] === '{' || mark[0] === '[' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return null;
}

function endOfString(text: string, from: number, marks: RegExp): number | null {
  marks.lastIndex = from;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === '"') return marks.lastIndex;
    marks.lastIndex += 1;
  }
  return null;
}
