// Tells what is new in the parts of a text. Most upstreams send what follows; some send all that there is by now
// with each part, or the whole once more at the end. Called by content.ts.

export interface GrowingText {
  /** What of this part is new. @param isWhole it stands where a whole message does, not a part of one */
  add(part: string, isWhole: boolean): string;
  /** What could not be told before. */
  end(): string;
  readonly heldLength: number;
}

/** So much of the beginning is compared. */
const COMPARED_LENGTH = 64 * 1024;
/** A shorter beginning may come again by chance. */
const SURE_LENGTH = 16;

export function createGrowingText(): GrowingText {
  let beginning = '';
  let length = 0;
  let hasParts = false;
  let state: 'empty' | 'begun' | 'unsure' | 'growing' | 'steps' = 'empty';
  /** Repeats the first part and goes on: what follows tells whether each one does. */
  let held = '';
  let repeats = 0;

  const tell = (more: string) => {
    if (beginning.length < COMPARED_LENGTH) beginning = (beginning + more).slice(0, COMPARED_LENGTH);
    length += more.length;
    return more;
  };
  const goesOn = (part: string) => part.length >= length && part.startsWith(beginning);

  const addWhole = (part: string) => {
    const before = settle();
    if (goesOn(part)) return before + tell(part.slice(length));
    // Else it is what was told already, a little different; or parts that are called messages.
    return before + (hasParts ? '' : tell(part));
  };
  const settle = () => {
    const more = state === 'unsure' ? held.slice(held.length >= SURE_LENGTH ? length : 0) : '';
    if (state === 'unsure') state = 'steps';
    held = '';
    return tell(more);
  };

  const addPart = (part: string): string => {
    hasParts = true;
    if (state === 'steps') return tell(part);
    if (state === 'empty') {
      state = 'begun';
      return tell(part);
    }
    if (state === 'growing' && goesOn(part)) return tell(part.slice(length));
    if (state === 'begun' && part.length > length && goesOn(part)) {
      state = 'unsure';
      held = part;
      repeats = 1;
      return '';
    }
    if (state === 'unsure' && part.startsWith(held)) {
      if (part.length > held.length) repeats += 1;
      held = part;
      if (repeats < 2 || part.length < SURE_LENGTH) return '';
      state = 'growing';
      held = '';
      return tell(part.slice(length));
    }
    const before = held;
    held = '';
    state = 'steps';
    return tell(before + part);
  };

  return {
    add(part, isWhole) {
      if (part === '') return '';
      return isWhole && (length > 0 || hasParts) ? addWhole(part) : isWhole ? tell(part) : addPart(part);
    },
    end: settle,
    get heldLength() {
      return held.length;
    },
  };
}
