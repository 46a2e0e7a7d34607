// Waiting that a person can end, and that ends by itself.
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;

/**
 * Looks until there is something to answer. A look that fails is one that found nothing: what is looked at is
 * broken on purpose.
 * @throws Error when there is nothing within the time; what the signal was aborted with
 */
export async function until<Value>(
  what: string,
  withinMs: number,
  signal: AbortSignal,
  look: () => Promise<Value | false | null | undefined> | Value | false | null | undefined,
): Promise<Value> {
  const giveUpAt = performance.now() + withinMs;
  let failure: unknown;
  for (;;) {
    signal.throwIfAborted();
    try {
      const found = await look();
      if (found) return found;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > giveUpAt)
      throw new Error(`not within ${withinMs / 1000} s: ${what}`, { cause: failure });
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** How long a fault lasts, or what lies between two tries. */
export async function seconds(count: number, signal: AbortSignal): Promise<void> {
  await pause(count * 1000, undefined, { signal });
}
