// The media type of a request's body, parsed once, strictly and before anything of the body is read (RFC 9110, section 8.3.1).
// Whoever asks what a body is asks this, so that no two readers take one header for two things.

export interface MediaType {
  /** Such as `application/json`, in lower case. */
  essence: string;
  /** By their names in lower case; a quoted value without its quotes. */
  parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
const ESSENCE = new RegExp(`${TOKEN}/${TOKEN}`, 'y');
/** A semicolon with nothing behind it is allowed (section 5.6.6). */
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(${TOKEN}|${QUOTED}))?`, 'y');

/** Null: this is no media type, or one that names a parameter twice. */
export function parseMediaType(text: string): MediaType | null {
  const header = text.trim();
  ESSENCE.lastIndex = 0;
  const essence = ESSENCE.exec(header)?.[0];
  if (essence === undefined) return null;
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = ESSENCE.lastIndex;
  while (PARAMETER.lastIndex < header.length) {
    const found = PARAMETER.exec(header);
    if (found === null) return null;
    const [, name, value = ''] = found;
    if (name === undefined) continue;
    const key = name.toLowerCase();
    if (parameters.has(key)) return null;
    parameters.set(key, value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value);
  }
  return { essence: essence.toLowerCase(), parameters };
}
