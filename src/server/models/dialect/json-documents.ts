// Finds the JSON documents in a text that has several, one after the other. Called by event-stream.ts.
import { endOfObject, parseJson } from '../../../lib/json.ts';

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
    const end = endOfObject(text, at);
    const value = end === -1 ? undefined : parseJson(text.slice(at, end));
    if (value === undefined) return { values, rest: text.slice(at).trim() };
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
