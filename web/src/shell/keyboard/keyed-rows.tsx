// A box of rows that `j` and `k` go through. Each row is opened by a link with ROW_LINK, which reaches over the whole of it.
import { type ReactNode, useRef } from 'react';
import { useRowKeys } from './use-shortcut.ts';

/** For the link of a row, beside the attribute `data-row`. */
export const ROW_LINK =
  'font-medium after:absolute after:inset-0 focus-visible:after:outline-2 hover:underline';

/** @param what one row, for the help: "delivery" */
export function KeyedRows({ what, children }: { what: string; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useRowKeys(box, what);
  return (
    <div ref={box} className="[&_tbody_tr]:relative [&_tbody_tr:hover]:bg-sunken">
      {children}
    </div>
  );
}
