// Text from inside a sandbox that is put into messages of the runner's own.

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Without control characters other than tab and newline, and at most `maxLength` characters. */
export function safeText(text: string, maxLength: number): string {
  const safe = text.replace(CONTROL_CHARACTERS, '').trim();
  return safe.length > maxLength ? `${safe.slice(0, maxLength - 1)}…` : safe;
}
