// Every attempt of a delivery: when, what came back, how long it took, and the first bytes of the answer.
import type { WebhookAttempt } from '../../../../src/protocol/webhook.ts';
import { duration } from '../../format/times.ts';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { AttemptOutcome } from './delivery-state.tsx';

/** @param attempts oldest first, as the API gives them; the newest stands on top */
export function AttemptList({ attempts }: { attempts: readonly WebhookAttempt[] }) {
  return (
    <ol aria-label="Attempts" className="divide-y divide-line rounded-lg border border-line bg-surface">
      {attempts.toReversed().map((attempt) => (
        <Attempt key={attempt.at} attempt={attempt} />
      ))}
    </ol>
  );
}

function Attempt({ attempt }: { attempt: WebhookAttempt }) {
  const { at, durationMs, answer } = attempt;
  return (
    <li className="flex flex-col gap-1.5 px-4 py-2.5 sm:flex-row sm:gap-4">
      <span className="flex shrink-0 items-center justify-between gap-3 self-start max-sm:w-full sm:grid sm:grid-cols-[6.5rem_8.5rem_4.5rem]">
        <RelativeTime at={at} />
        <span>
          <AttemptOutcome attempt={attempt} />
        </span>
        <span className="text-right whitespace-nowrap text-muted tabular-nums">{duration(durationMs)}</span>
      </span>
      {answer === '' ? (
        <span className="text-muted">It said nothing.</span>
      ) : (
        <pre
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by the keyboard
          tabIndex={0}
          className="max-h-40 min-w-0 flex-1 overflow-auto font-mono text-xs leading-5 whitespace-pre-wrap wrap-anywhere"
        >
          <ForeignText text={answer} />
        </pre>
      )}
    </li>
  );
}
