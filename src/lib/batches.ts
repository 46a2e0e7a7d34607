// Group commit: what comes while writes are under way is written together by the next, so that many a second cost
// few transactions. One that comes alone does not wait. For accepting tasks and for the audit log.

interface BatchOptions<Item, Result> {
  /** Writes them together or not at all. Results in the order of the items. */
  write(items: readonly Item[]): Promise<readonly Result[]>;
  /** So many writes are under way at a time. */
  atOnce: number;
  /** So many items are written together. */
  most: number;
  /** Whether several that failed so are to be tried one by one: it may be the fault of one of them. */
  separates(error: unknown): boolean;
}

interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** @returns writes one item; what becomes of it depends on no other. Rejects with what its write rejects with */
export function createBatches<Item, Result>(options: BatchOptions<Item, Result>): (item: Item) => Promise<Result> {
  const { write, atOnce, most, separates } = options;
  const waiting: Waiting<Item, Result>[] = [];
  let running = 0;

  function begin(): void {
    while (running < atOnce && waiting.length > 0) {
      running += 1;
      void writeSome(waiting.splice(0, most)).finally(() => {
        running -= 1;
        begin();
      });
    }
  }

  async function writeSome(some: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await write(some.map(({ item }) => item));
      for (const [index, { resolve }] of some.entries()) resolve(results[index] as Result);
    } catch (error) {
      if (some.length > 1 && separates(error)) await Promise.all(some.map((one) => writeSome([one])));
      else for (const { reject } of some) reject(error);
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // At the end of the turn, with all that come in it.
      if (waiting.length === 1) setImmediate(begin);
    });
}
