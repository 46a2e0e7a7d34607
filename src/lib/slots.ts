// At most so many of something at a time; the others wait in order. The runner bounds with it what a guest has at the server,
// the gateway what it writes to the database.

export interface Slots {
  /** Resolves with what gives the slot back, when there is one; rejects when a signal is aborted first. */
  enter(signal?: AbortSignal): Promise<() => void>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const waiting = new Set<() => void>();

  function leave(): void {
    const [next] = waiting;
    if (next === undefined) free += 1;
    else next();
  }

  /** For each slot once, however often it is called. */
  function leaveOnce(): () => void {
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  }

  return {
    enter(signal) {
      if (signal?.aborted) return Promise.reject(signal?.reason);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(leaveOnce());
      }
      return new Promise((resolve, reject) => {
        const giveUp = () => {
          waiting.delete(take);
          reject(signal?.reason);
        };
        const take = () => {
          waiting.delete(take);
          signal?.removeEventListener('abort', giveUp);
          resolve(leaveOnce());
        };
        waiting.add(take);
        signal?.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
