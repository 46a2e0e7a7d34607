// Gathers what comes one by one, so that a thousand events in a moment are drawn once.
import { useEffect, useEffectEvent, useRef } from 'react';

const GATHER_MS = 100;

/** @returns a function that takes items; `onItems` gets them together a moment later */
export function useGathered<Item>(onItems: (items: Item[]) => void): (items: readonly Item[]) => void {
  const waiting = useRef<Item[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const give = useEffectEvent(onItems);
  const flush = useEffectEvent(() => {
    timer.current = undefined;
    const items = waiting.current;
    waiting.current = [];
    give(items);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return (items) => {
    for (const item of items) waiting.current.push(item);
    timer.current ??= setTimeout(() => flush(), GATHER_MS);
  };
}
