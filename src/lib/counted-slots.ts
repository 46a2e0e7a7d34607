// How many of something may be under way at a time, where whoever finds no slot free is told so and does not wait.
// Counted by this process alone (here), or by all together in the database (db/shared-slots.ts).

/** Gives a slot back. Safe to call twice. */
export type Leave = () => void;

export interface CountedSlots {
  /** @param name whose slots they are. @returns what gives the slot back; null: all `most` are taken */
  take(name: string, most: number): Promise<Leave | null>;
}

export function countSlots(): CountedSlots {
  /** Of names that have any. */
  const taken = new Map<string, number>();
  return {
    async take(name, most) {
      const before = taken.get(name) ?? 0;
      if (before >= most) return null;
      taken.set(name, before + 1);
      return once(() => {
        const left = (taken.get(name) ?? 1) - 1;
        if (left > 0) taken.set(name, left);
        else taken.delete(name);
      });
    },
  };
}

export function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
