// At most so much of something at a time; the others wait in order. The runner bounds with it what a guest has at
// the server, the gateway what it writes to the database.

export function createSlots(count: number) {
  let free = count;
  const waiting = new Set<{ weight: number; take(): void }>();

  function leave(weight: number): void {
    free += weight;
    for (const next of waiting) {
      if (next.weight > free) return;
      next.take();
    }
  }

  /** For each entry once, however often it is called. */
  function take(weight: number): () => void {
    free -= weight;
    let left = false;
    return () => {
      if (!left) leave(weight);
      left = true;
    };
  }

  return {
    /** When `weight` (at most all) are free, resolves with what gives them back; rejects when aborted first. */
    enter(signal?: AbortSignal, weight = 1): Promise<() => void> {
      if (signal?.aborted) return Promise.reject(signal?.reason);
      if (waiting.size === 0 && free >= weight) return Promise.resolve(take(weight));
      return new Promise((resolve, reject) => {
        const giveUp = () => {
          waiting.delete(place);
          // Those behind may need less.
          leave(0);
          reject(signal?.reason);
        };
        const place = {
          weight,
          take: () => {
            waiting.delete(place);
            signal?.removeEventListener('abort', giveUp);
            resolve(take(weight));
          },
        };
        waiting.add(place);
        signal?.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
