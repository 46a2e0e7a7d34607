// Tells what is new in the parts of a text. Most upstreams send what follows; some send all that there is by now
// with each part, or the whole once more at the end. Called by content.ts.

export interface GrowingText {
  /** What of this part is new. @param isWhole it stands where a whole message does, not a part of one */
  add(part: string, isWhole: boolean): string;
  /** What could not be told before. */
  end(): string;
  readonly heldLength: number;
}

/** So much of the beginning is compared, and what came with its end. */
const COMPARED_LENGTH = 64 * 1024;
/** A shorter beginning may come again by chance. */
const SURE_LENGTH = 16;
const MOST_UNSURE = 8;

export function createGrowingText(): GrowingText {
  let beginning = '';
  let length = 0;
  let hasParts = false;
  let state: 'empty' | 'begun' | 'unsure' | 'growing' | 'steps' = 'empty';
  /** Each repeats the one before it, maybe by chance: what follows tells. */
  let unsure: string[] = [];

  const tell = (more: string) => {
    if (beginning.length < COMPARED_LENGTH) beginning += more;
    length += more.length;
    return more;
  };
  const goesOn = (part: string) => part.length >= length && part.startsWith(beginning);

  const settle = (isGrowing: boolean) => {
    const last = unsure.at(-1) ?? '';
    const more = isGrowing ? last.slice(length) : unsure.join('');
    if (state === 'unsure') state = isGrowing ? 'growing' : 'steps';
    unsure = [];
    return tell(more);
  };

  const addWhole = (part: string) => {
    const before = settle((unsure.at(-1)?.length ?? 0) >= SURE_LENGTH);
    if (goesOn(part)) return before + tell(part.slice(length));
    // Else it is what was told already, a little different; or parts that are called messages.
    return before + (hasParts ? '' : tell(part));
  };

  const addPart = (part: string): string => {
    hasParts = true;
    if (state === 'growing' && goesOn(part)) return tell(part.slice(length));
    if (state === 'begun' && part.length > length && goesOn(part)) {
      state = 'unsure';
      unsure.push(part);
      return '';
    }
    if (state === 'unsure' && unsure.length < MOST_UNSURE && part.startsWith(unsure.at(-1) ?? '')) {
      const isLonger = part.length > (unsure.at(-1) ?? '').length;
      unsure.push(part);
      return isLonger && part.length >= SURE_LENGTH ? settle(true) : '';
    }
    const before = settle(false);
    state = state === 'empty' ? 'begun' : 'steps';
    return before + tell(part);
  };

  return {
    add(part, isWhole) {
      if (part === '') return '';
      return isWhole && (length > 0 || hasParts) ? addWhole(part) : isWhole ? tell(part) : addPart(part);
    },
    end: () => settle((unsure.at(-1)?.length ?? 0) >= SURE_LENGTH),
    get heldLength() {
      return unsure.reduce((sum, part) => sum + part.length, 0);
    },
  };
}
