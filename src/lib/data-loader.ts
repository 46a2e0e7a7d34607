// Looks things up together that are asked for at the same time: one query for many requests. No cache: a question
// joins only a look-up that has not begun, so its answer is never older than the question.

/** A look-up that takes longer does not keep the next one waiting. */
const HELD_UP_MS = 500;

/**
 * @param lookUp finds what belongs to each of the keys; what it leaves out there is not
 * @returns asks for one of them; null when there is none. Rejects with what the look-up rejects with
 */
export function createDataLoader<Value>(
  lookUp: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
): (key: string) => Promise<Value | null> {
  let next: { keys: Set<string>; found: Promise<ReadonlyMap<string, Value>> } | undefined;
  let running: Promise<unknown> = Promise.resolve();
  return async (key) => {
    next ??= begin();
    next.keys.add(key);
    return (await next.found).get(key) ?? null;
  };

  /** One look-up at a time, as long as it is not held up: what comes meanwhile goes with the next one. */
  function begin() {
    const keys = new Set<string>();
    const found = running.then(() => {
      next = undefined;
      return lookUp([...keys]);
    });
    running = running.then(() => settled(found));
    return { keys, found };
  }
}

/** Resolves when the look-up has ended, or is held up. */
function settled(found: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, HELD_UP_MS);
  const end = () => {
    clearTimeout(late);
    resolve();
  };
  found.then(end, end);
  return promise;
}
