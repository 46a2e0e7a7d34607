// Text of somebody else's, such as a task's output, in pieces that are safe to show: what would be invisible, or would change the
// order in which the rest is read, becomes a sign of its own. Zero-width joiners stay: scripts and emoji need them.

export interface Sign {
  /** What is shown in its place: `␛`, `U+202E`. */
  sign: string;
  codePoint: string;
}

/** Control characters, invisible ones and those that turn the direction of writing (Unicode's Cc, Cf, Zl and Zp). */
const INVISIBLE = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const ALL_INVISIBLE = new RegExp(`(${INVISIBLE.source})`, 'gu');
/** Unicode's pictures of control characters begin here, in their order. */
const CONTROL_PICTURES = 0x2400;
const DELETE = 0x7f;
const DELETE_PICTURE = '\u2421';
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
  if (code < 0x20) return { sign: String.fromCodePoint(CONTROL_PICTURES + code), codePoint };
  return { sign: code === DELETE ? DELETE_PICTURE : codePoint, codePoint };
}
