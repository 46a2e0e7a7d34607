// When a command has to give up. Most wait for nothing and never ask, and to make a signal costs as much as the rest of their
// request: so it is made for the first who asks.
export class HeldAnswer {
  readonly #makeGone: () => AbortSignal;
  readonly #stopping: AbortSignal;
  #signal: AbortSignal | undefined;

  /** @param makeGone the signal of the request, aborted when its caller goes away */
  constructor(makeGone: () => AbortSignal, stopping: AbortSignal) {
    this.#makeGone = makeGone;
    this.#stopping = stopping;
  }

  /** For work: aborted when nobody waits for the answer any more. A server that stops finishes what it has begun. */
  get gone(): AbortSignal {
    return this.#makeGone();
  }

  /** For mere waiting, which ends at once when the server stops, too. */
  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([this.gone, this.#stopping]);
    return this.#signal;
  }
}
