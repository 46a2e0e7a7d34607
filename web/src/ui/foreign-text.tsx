// Text that somebody else wrote: an agent, a task's output, an instruction. It is always text and never HTML, its
// direction of writing ends with it, and what would be invisible in it is seen.
import { useState } from 'react';
import { count } from '../format/readable.ts';
import { classNames } from './class-names.ts';

export function ForeignText({ text }: { text: string }) {
  return (
    <bdi>
      {visiblePieces(text).map((piece, index) =>
        typeof piece === 'string' ? (
          piece
        ) : (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text do not move
            key={index}
            title={piece.codePoint}
            className="mx-px rounded-sm bg-warn-soft px-0.5 font-mono text-xs text-warn"
          >
            {piece.sign}
          </span>
        ),
      )}
    </bdi>
  );
}

/** Somebody else's paragraphs, code or data. After a few screens it is cut, with a button for more. */
export function ForeignBlock({ text, mono, className }: { text: string; mono?: boolean; className?: string }) {
  const { shown, hidden, showMore } = useCut(text);
  return (
    <div
      className={classNames('whitespace-pre-wrap wrap-anywhere', mono && 'font-mono text-sm leading-6', className)}
    >
      <ForeignText text={shown} />
      {hidden > 0 && <ShowMore hidden={hidden} onClick={showMore} />}
    </div>
  );
}

export function ShowMore({ hidden, what = 'more', onClick }: { hidden: number; what?: string; onClick(): void }) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="my-1 block rounded-md border border-line px-2 py-0.5 font-sans text-sm text-muted hover:border-control hover:text-ink"
    >
      Show {what} ({count(hidden)} characters)
    </button>
  );
}

const SHOWN_AT_FIRST = 8_000;
const SHOWN_MORE = 200_000;
/** An escape sequence that a cut must not go through. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const OPEN_ESCAPE = /\u{1b}\[?[\d;]*$/u;
const ESCAPE_MOST = 32;

/** @param keep which part is shown at first; of a terminal the end is what one wants to see */
export function useCut(text: string, keep: 'start' | 'end' = 'start') {
  const [length, setLength] = useState(SHOWN_AT_FIRST);
  const shown = keep === 'start' ? beginningOf(text, length) : endOf(text, length);
  return { shown, hidden: text.length - shown.length, showMore: () => setLength(length + SHOWN_MORE) };
}

export function beginningOf(text: string, length: number): string {
  if (text.length <= length) return text;
  return text.slice(0, isLowSurrogate(text, length) ? length - 1 : length);
}

export function endOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const start = text.length - length;
  const before = OPEN_ESCAPE.exec(text.slice(Math.max(0, start - ESCAPE_MOST), start));
  if (before) return text.slice(start - before[0].length);
  return text.slice(isLowSurrogate(text, start) ? start + 1 : start);
}

function isLowSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit < 0xe000;
}

interface Sign {
  /** What is shown in its place: `ESC`, `U+202E`. */
  sign: string;
  codePoint: string;
}

/** Control characters, invisible ones, those that turn the writing direction (Unicode Cc, Cf, Zl, Zp). */
const INVISIBLE = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const ALL_INVISIBLE = new RegExp(`(${INVISIBLE.source})`, 'gu');
/** ECMA-48's names of the control characters from 0 on: pictures of them are missing in many fonts. */
const CONTROL_NAMES =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(
    ' ',
  );
const DELETE = 0x7f;
const CARRIAGE_RETURN = 0x0d;

/**
 * Somebody else's text in pieces that are safe to show: what would be invisible, or change the order in which the
 * rest is read, becomes a sign of its own. Zero-width joiners stay: scripts and emoji need them.
 */
export function visiblePieces(text: string): (string | Sign)[] {
  const lines = text.replaceAll('\r\n', '\n');
  if (!INVISIBLE.test(lines)) return [lines];
  return lines.split(ALL_INVISIBLE).flatMap((piece, index) => {
    if (index % 2 === 0) return piece === '' ? [] : [piece];
    const sign = signOf(piece.codePointAt(0) ?? 0);
    // A terminal would overwrite what stands before it: here it goes on below, so that all of it can be read.
    return piece.codePointAt(0) === CARRIAGE_RETURN ? [sign, '\n'] : [sign];
  });
}

function signOf(code: number): Sign {
  const codePoint = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return { sign: code === DELETE ? 'DEL' : (CONTROL_NAMES[code] ?? codePoint), codePoint };
}
