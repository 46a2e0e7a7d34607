// How long a text is on the wire: limits count bytes of UTF-8, and `length` counts UTF-16 units, of which one may be three bytes.
const encoder = new TextEncoder();

export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}
