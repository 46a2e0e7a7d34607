// Rows of a CSV file; the first one is taken for its header.
import { count } from '../../../../format/numbers.ts';
import { ForeignText } from '../../../../ui/foreign-text.tsx';

const NUMBER = /^-?[\d.,]+%?$/;

export function CsvTable({ rows, cut }: { rows: readonly string[][]; cut: boolean }) {
  const [header = [], ...body] = rows;
  return (
    <div className="flex flex-col gap-2">
      <section
        aria-label="Rows"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by the keyboard
        tabIndex={0}
        className="max-h-[70vh] overflow-auto rounded-lg border border-line bg-surface"
      >
        <table className="w-full border-collapse text-left text-sm">
          <thead className="sticky top-0 bg-sunken text-muted">
            <tr>
              {header.map((title, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: titles may repeat, and columns do not move
                <th key={column} scope="col" className="px-3 py-1.5 font-medium whitespace-nowrap">
                  <ForeignText text={title} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {body.map((cells, row) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows do not move
              <tr key={row}>
                {cells.map((cell, column) => (
                  <td
                    // biome-ignore lint/suspicious/noArrayIndexKey: columns do not move
                    key={column}
                    className={`max-w-80 truncate px-3 py-1.5 ${NUMBER.test(cell) ? 'tabular-nums' : ''}`}
                    title={cell}
                  >
                    <ForeignText text={cell} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p className="text-sm text-muted">
        {cut && 'Not all of it is shown: the first '}
        {count(body.length)} {body.length === 1 ? 'row' : 'rows'}
        {cut && ', cells of a certain length and at most 50 columns. Download it for the rest.'}
      </p>
    </div>
  );
}
