// A table with one row per object. Wider than the screen, it scrolls in its own box, which the keyboard reaches.
import { type Key, type ReactNode, type RefObject, useRef } from 'react';
import { classNames } from './class-names.ts';
import { useRowKeys } from './keyboard.ts';

export interface Column<Row> {
  title: string;
  cell(row: Row): ReactNode;
  /** Numbers stand at the right, in digits of one width. */
  numeric?: boolean;
  /** On narrower screens the column is left out. */
  from?: 'sm' | 'md' | 'lg';
  className?: string;
}

const FROM = { sm: 'hidden sm:table-cell', md: 'hidden md:table-cell', lg: 'hidden lg:table-cell' };

interface ScrollBoxProps {
  ref?: RefObject<HTMLElement | null>;
  label: string;
  className: string;
  children: ReactNode;
}

/** A box that scrolls by itself. The keyboard reaches it, so that its keys scroll it. */
export function ScrollBox({ ref, label, className, children }: ScrollBoxProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: otherwise the keyboard could not scroll it
    <section ref={ref} aria-label={label} tabIndex={0} className={className}>
      {children}
    </section>
  );
}

const TABLE_BOX = 'overflow-x-auto rounded-lg border border-line bg-surface';

interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey(row: Row): Key;
}

export function Table<Row>({ label, columns, rows, rowKey }: TableProps<Row>) {
  return (
    // No landmark: it often has the name of the section that it fills.
    // biome-ignore lint/a11y/useSemanticElements: nothing is filled in here
    // biome-ignore lint/a11y/noNoninteractiveTabindex: otherwise the keyboard could not scroll it
    <div role="group" aria-label={label} tabIndex={0} className={TABLE_BOX}>
      <table className="w-full border-collapse text-left">
        <thead>
          <tr className="border-b border-line text-sm text-muted">
            {columns.map((column) => (
              <th key={column.title} scope="col" className={cellLook(column, 'py-2 font-medium')}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.title} className={cellLook(column, 'py-2 align-top')}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellLook<Row>({ numeric, from, className }: Column<Row>, more: string): string {
  const numbers = numeric && 'text-right tabular-nums';
  return classNames('px-3 first:pl-4 last:pr-4', numbers, from && FROM[from], more, className);
}

/** For the link of a row, beside the attribute `data-row`. */
export const ROW_LINK = 'font-medium after:absolute after:inset-0 focus-visible:after:outline-2 hover:underline';

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
