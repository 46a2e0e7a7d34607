// Text that came from elsewhere, with what would hide or reorder it shown as an escape: a person sees all that is there.

/** C0 but tab and line feed, DEL, C1, and what hides text or changes its direction. */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export function visibleText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(HIDDEN, escaped);
}

/** JSON to read; it means the same. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(HIDDEN, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
