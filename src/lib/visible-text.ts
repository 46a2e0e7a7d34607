// Text that others have made up, shown so that nothing in it is invisible or turns the order of what stands around
// it: for what a person decides on.

/** Control, format, bidi and private characters, separators but the space, and letters that show nothing. */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|(?! )\p{Zs}|\p{Variation_Selector}|\p{Default_Ignorable_Code_Point}|\u2800/gu;
const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with such characters written out: `\n`, `\u{202E}`. */
export function visibleText(text: string): string {
  return text.replaceAll(
    UNSEEN,
    (character) => SHORT[character] ?? `\\u{${character.codePointAt(0)?.toString(16).toUpperCase()}}`,
  );
}
