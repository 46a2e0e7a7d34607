// At most so many calls of one guest at the server at a time; the others wait in order. One guest's flood takes no more of
// the server than another's few calls.

export interface CallSlots {
  /** Resolves with what gives the slot back, when there is one; rejects when the signal is aborted first. */
  enter(signal: AbortSignal): Promise<() => void>;
}

export function createCallSlots(count: number): CallSlots {
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
      if (signal.aborted) return Promise.reject(signal.reason);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(leaveOnce());
      }
      return new Promise((resolve, reject) => {
        const giveUp = () => {
          waiting.delete(take);
          reject(signal.reason);
        };
        const take = () => {
          waiting.delete(take);
          signal.removeEventListener('abort', giveUp);
          resolve(leaveOnce());
        };
        waiting.add(take);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
}
