// Times that stay true while they are shown.
import { useEffect, useState } from 'react';
import { fullTime, relativeTime } from '../format/readable.ts';
import type { Column } from './table.tsx';

const TICK_MS = 10_000;

/** @param none stands there where there is no such moment */
export function RelativeTime({ at, none = '–' }: { at: string | null; none?: string }) {
  const now = useNow(at === null ? null : TICK_MS);
  if (at === null) return <span className="text-muted">{none}</span>;
  return (
    <time dateTime={at} title={fullTime(at)} className="whitespace-nowrap">
      {relativeTime(at, now)}
    </time>
  );
}

/** A column of a table that tells a time of each row. */
export function timeColumn<Row>(title: string, at: (row: Row) => string | null, from?: 'sm' | 'lg'): Column<Row> {
  return { title, ...(from && { from }), className: 'text-muted', cell: (row) => <RelativeTime at={at(row)} /> };
}

/** @param everyMs how often the time is told; null: it stands still */
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
