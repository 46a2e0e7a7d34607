// A moment as its distance from now, kept true while it is shown; the full time on hovering.
import { useSyncExternalStore } from 'react';
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
