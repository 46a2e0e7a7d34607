// Text of somebody else's, such as a task's output, in pieces that are safe to show: what would be invisible, or would change the
// order in which the rest is read, becomes a sign of its own. Zero-width joiners stay: scripts and emoji need them.

export interface Sign {
  /** What is shown in its place: `ESC`, `U+202E`. */
  sign: string;
  codePoint: string;
}

/** Control characters, invisible ones and those that turn the direction of writing (Unicode's Cc, Cf, Zl and Zp). */
const INVISIBLE = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const ALL_INVISIBLE = new RegExp(`(${INVISIBLE.source})`, 'gu');
/** ECMA-48's names of the control characters from 0 on: pictures of them are missing in many fonts. */
const CONTROL_NAMES =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(
    ' ',
  );
const DELETE = 0x7f;
const CARRIAGE_RETURN = 0x0d;

export function visiblePieces(text: string): (string | Sign)[] {
  const lines = text.replaceAll('\r\n', '\n');
  if (!INVISIBLE.test(lines)) return [lines];
  return lines.split(ALL_INVISIBLE).flatMap((piece, place) => {
    if (place % 2 === 0) return piece === '' ? [] : [piece];
    const sign = signOf(piece.codePointAt(0) ?? 0);
    // A terminal would overwrite what stands before it: here it goes on below, so that all of it can be read.
    return piece.codePointAt(0) === CARRIAGE_RETURN ? [sign, '\n'] : [sign];
  });
}

function signOf(code: number): Sign {
  const codePoint = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return { sign: code === DELETE ? 'DEL' : (CONTROL_NAMES[code] ?? codePoint), codePoint };
}
