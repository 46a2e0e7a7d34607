// Text from a server or an agent must not steer the terminal. Everything printed that is not JSON goes through here.

const ESC = '\\u001b';
const CSI = `(?:${ESC}\\[|\\u009b)[0-?]*[ -/]*[@-~]?`;
/** OSC, DCS, SOS, PM and APC strings up to their terminator, or to the end of the line when it is missing. */
const STRINGS = `(?:${ESC}[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u009c\\n]*(?:\\u0007|${ESC}\\\\|\\u009c)?`;
const ESCAPE_SEQUENCES = new RegExp(`${STRINGS}|${CSI}|${ESC}[ -/]*[0-~]?`, 'g');

/** C0 but tab and newline, DEL, C1, and the characters that reorder or hide text. */
const INVISIBLE = '\\u007f-\\u009f\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060\\u2066-\\u2069\\ufeff';
const CONTROL = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f${INVISIBLE}]`, 'g');

/** Removes escape sequences and control characters; keeps newlines and tabs. */
export function sanitise(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(ESCAPE_SEQUENCES, '').replace(CONTROL, '');
}

/** The same on one line: runs of white space become one space. */
export function sanitiseLine(text: string): string {
  return sanitise(text).replace(/\s+/g, ' ').trim();
}
