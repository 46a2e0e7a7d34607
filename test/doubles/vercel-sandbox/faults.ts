// What goes wrong on demand. Used by the routes; a test plans it.
export interface Fault {
  method?: string;
  /** Missing: any path; it fits anywhere in it. */
  path?: RegExp;
  /** How often; missing: once. */
  times?: number;
  /** Of all that fits, so much at random; missing: all. */
  share?: number;
  /** Answered at once, and nothing is done. */
  status?: number;
  retryAfter?: string;
  /** It is done, and the connection is cut before the answer. */
  cut?: boolean;
  /** It is answered as if it were done, and is not. */
  lost?: boolean;
  /** Before anything is done. */
  delayMs?: number;
}

export interface Faults {
  plan(fault: Fault): void;
  clear(): void;
  /** The one that is now due; null: none. */
  of(method: string, path: string): Fault | null;
}

export function createFaults(): Faults {
  let planned: (Fault & { left: number })[] = [];
  return {
    plan: (fault) => void planned.push({ ...fault, left: fault.times ?? 1 }),
    clear() {
      planned = [];
    },
    of(method, path) {
      const due = planned.find(
        (fault) =>
          fault.left > 0 &&
          (fault.method ?? method) === method &&
          (fault.path?.test(path) ?? true) &&
          Math.random() < (fault.share ?? 1),
      );
      if (due) due.left -= 1;
      return due ?? null;
    },
  };
}
