// Whether Seed can be reached. A lost connection is tried again by itself, at growing intervals, until it is back.
import { useSyncExternalStore } from 'react';
import { createStore } from './store.ts';

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 10_000;

const connection = createStore<'up' | 'lost'>('up');
let timer: ReturnType<typeof setTimeout> | undefined;

/** Called by each request that gets no answer. */
export function connectionIsLost(): void {
  if (connection.get() === 'lost') return;
  connection.set('lost');
  tryAgain(FIRST_RETRY_MS);
}

/** Called by each request that gets an answer. */
export function connectionIsUp(): void {
  clearTimeout(timer);
  connection.set('up');
}

export function useConnection(): 'up' | 'lost' {
  return useSyncExternalStore(connection.subscribe, connection.get);
}

function tryAgain(afterMs: number): void {
  timer = setTimeout(async () => {
    const answered = await fetch('/healthz', { cache: 'no-store' }).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) connectionIsUp();
    else if (connection.get() === 'lost') tryAgain(Math.min(afterMs * 2, LAST_RETRY_MS));
  }, afterMs);
}
