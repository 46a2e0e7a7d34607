// Times that stay true while they are shown.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { fullTime, relativeTime } from '../format/times.ts';

const TICK_MS = 10_000;

export function RelativeTime({ at }: { at: string }) {
  useSyncExternalStore(subscribe, currentTick);
  return (
    <time dateTime={at} title={fullTime(at)} className="whitespace-nowrap">
      {relativeTime(at, Date.now())}
    </time>
  );
}

const currentTick = () => Math.floor(Date.now() / TICK_MS);

function subscribe(onTick: () => void): () => void {
  const timer = setInterval(onTick, TICK_MS);
  return () => clearInterval(timer);
}

/** @param everyMs null: it stands still */
export function useNow(everyMs: number | null): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (everyMs === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
