// Whether Seed can be reached. A lost line is tried again by itself, at growing distances, until it is back.
import { useSyncExternalStore } from 'react';
import { createStore } from './store.ts';

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 10_000;

const line = createStore<'up' | 'lost'>('up');
let wait: ReturnType<typeof setTimeout> | undefined;

export function lineIsLost(): void {
  if (line.get() === 'lost') return;
  line.set('lost');
  tryAgain(FIRST_RETRY_MS);
}

export function lineIsBack(): void {
  clearTimeout(wait);
  line.set('up');
}

/** Follows the line; `onBack` of TanStack Query is triggered by the shell. */
export function useLine(): 'up' | 'lost' {
  return useSyncExternalStore(line.subscribe, line.get);
}

function tryAgain(afterMs: number): void {
  wait = setTimeout(async () => {
    const answered = await fetch('/healthz', { cache: 'no-store' }).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) lineIsBack();
    else if (line.get() === 'lost') tryAgain(Math.min(afterMs * 2, LAST_RETRY_MS));
  }, afterMs);
}
