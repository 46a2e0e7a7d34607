// What a person is to decide about, as text in which nothing hides: used by the dashboard, the CLI and MCP where
// they show the input of a call that waits for a yes.

/**
 * Controls, what is invisible or turns the direction of writing, blanks other than the space, private and unpaired
 * characters; and long runs of spaces, which could push what follows out of sight.
 */
const HIDDEN =
  /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|(?<=\S) {9,}/gu;

/** The value as indented JSON that is read as it is: what would not be seen is escaped, and means the same. */
export function exactJson(value: unknown): string {
  return exactLines(JSON.stringify(value, null, 2) ?? 'null');
}

/** A text of several lines, with the same signs; what exactJson wrote stays as it is. */
export function exactLines(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/** A text on one line, with the same signs. */
export function exactLine(text: string): string {
  return text.replaceAll('\n', '\\n').replace(HIDDEN, escaped);
}

/** Where something was escaped in a line, here (`\u202e`) or by the server (`\u{202E}`). */
export const ESCAPES = /((?:\\u(?:[0-9a-f]{4}|\{[0-9A-F]{1,6}\}))+)/;

/** The same in JSON, where two strokes are one that the text has itself. */
export const JSON_ESCAPES = /(?<=(?<!\\)(?:\\\\)*)((?:\\u[0-9a-f]{4})+)/;

function escaped(hidden: string): string {
  let text = '';
  for (let at = 0; at < hidden.length; at++) text += `\\u${hidden.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return text;
}
