// Every attempt of a delivery: when, what came back, how long it took, and the first bytes of the answer.
import type { WebhookAttempt } from '../../../../src/protocol/webhook.ts';
import { visibleText } from '../../format/safe-text.ts';
import { duration } from '../../format/times.ts';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { AttemptOutcome } from './delivery-state.tsx';

const COLUMNS: readonly Column<WebhookAttempt>[] = [
  { title: 'When', cell: ({ at }) => <RelativeTime at={at} /> },
  { title: 'Answer', cell: (attempt) => <AttemptOutcome attempt={attempt} /> },
  {
    title: 'Took',
    numeric: true,
    className: 'whitespace-nowrap',
    cell: ({ durationMs }) => duration(durationMs),
  },
  {
    title: 'What it said',
    className: 'w-1/2 min-w-48',
    cell: ({ answer }) =>
      answer === '' ? (
        <span className="text-muted">nothing</span>
      ) : (
        <pre
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by the keyboard
          tabIndex={0}
          className="max-h-40 overflow-auto font-mono text-xs leading-5 whitespace-pre-wrap wrap-anywhere"
        >
          {visibleText(answer)}
        </pre>
      ),
  },
];

/** @param attempts oldest first, as the API gives them; the newest stands on top */
export function AttemptTable({ attempts }: { attempts: readonly WebhookAttempt[] }) {
  return <Table label="Attempts" columns={COLUMNS} rows={attempts.toReversed()} rowKey={({ at }) => at} />;
}
