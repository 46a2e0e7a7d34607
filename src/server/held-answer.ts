// When a command that holds its answer has to give up. Most hold nothing and never ask, and to make a signal costs as much as
// the rest of their request: so it is made for the first who asks.
export class HeldAnswer {
  readonly #makeSignal: () => AbortSignal;
  #signal: AbortSignal | undefined;

  constructor(makeSignal: () => AbortSignal) {
    this.#makeSignal = makeSignal;
  }

  /** Aborted when nobody waits for the answer any more, or the server stops. */
  get signal(): AbortSignal {
    this.#signal ??= this.#makeSignal();
    return this.#signal;
  }
}
