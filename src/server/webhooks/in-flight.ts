// The deliveries that a dispatcher has under way, counted by lane and by account.
import type { ClaimedDelivery } from './claims.ts';

export class UnderWay {
  readonly lanes = new Map<string, number>();
  readonly accounts = new Map<string, number>();
  #size = 0;
  #waiting: (() => void)[] = [];

  get size(): number {
    return this.#size;
  }

  add({ lane, accountId }: ClaimedDelivery): void {
    this.#size += 1;
    count(this.lanes, lane, 1);
    count(this.accounts, accountId, 1);
  }

  remove({ lane, accountId }: ClaimedDelivery): void {
    this.#size -= 1;
    count(this.lanes, lane, -1);
    count(this.accounts, accountId, -1);
    if (this.#size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when there are none. */
  none(): Promise<void> {
    return this.#size === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function count(counts: Map<string, number>, name: string, by: 1 | -1): void {
  const next = (counts.get(name) ?? 0) + by;
  if (next > 0) counts.set(name, next);
  else counts.delete(name);
}
