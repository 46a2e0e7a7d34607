// A queue that is fair to its owners: they take turns, each with its own first, so that whoever has fifty waiting holds up
// nobody else's first. Pure.

export class FairQueue<Item> {
  /** By owner, in the order in which they are served next. No list is empty. */
  readonly #waiting = new Map<string, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(owner: string, item: Item): void {
    const own = this.#waiting.get(owner);
    if (own) own.push(item);
    else this.#waiting.set(owner, [item]);
    this.#size += 1;
  }

  /** Takes the item whose turn it is. */
  shift(): Item | undefined {
    const [first] = this.#waiting;
    if (!first) return undefined;
    const [owner, own] = first;
    const item = own.shift();
    this.#size -= 1;
    // To the end of the line, if it has more.
    this.#waiting.delete(owner);
    if (own.length > 0) this.#waiting.set(owner, own);
    return item;
  }

  /** Does nothing when the item is not in the queue. */
  remove(owner: string, item: Item): void {
    const own = this.#waiting.get(owner);
    const index = own?.indexOf(item) ?? -1;
    if (!own || index === -1) return;
    own.splice(index, 1);
    this.#size -= 1;
    if (own.length === 0) this.#waiting.delete(owner);
  }
}
