// A long text shown in parts: its beginning or its end first, and more of it on demand.
import { useState } from 'react';

const SHOWN_AT_FIRST = 8_000;
const SHOWN_MORE = 200_000;
/** An escape sequence that a cut must not go through. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const OPEN_ESCAPE = /\u{1b}\[?[\d;]*$/u;
const ESCAPE_MOST = 32;

export interface Cut {
  shown: string;
  /** Characters that are not shown. */
  hidden: number;
  showMore(): void;
}

/** @param keep which part is shown at first; of a terminal the end is what one wants to see */
export function useCut(text: string, keep: 'start' | 'end' = 'start'): Cut {
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

function isLowSurrogate(text: string, place: number): boolean {
  const unit = text.charCodeAt(place);
  return unit >= 0xdc00 && unit < 0xe000;
}
