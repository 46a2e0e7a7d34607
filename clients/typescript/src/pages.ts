// Lists: awaited they are a page, iterated they are every item of every page.

export interface Page<Item> {
  items: Item[];
  /** Null: this is the last page. */
  nextCursor: string | null;
}

/** `await` gives the first page, `for await` every item, page after page as they are needed. */
export interface PageOf<Item> extends PromiseLike<Page<Item>>, AsyncIterable<Item> {}

/** @param read the page behind the cursor; undefined: the first */
export function pages<Item>(read: (cursor: string | undefined) => Promise<Page<Item>>): PageOf<Item> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: it is meant to be awaited
    then: (fulfilled, rejected) => read(undefined).then(fulfilled, rejected),
    async *[Symbol.asyncIterator]() {
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page: Page<Item> = await read(cursor);
        yield* page.items;
        cursor = page.nextCursor;
      }
    },
  };
}
