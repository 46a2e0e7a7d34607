// What one decides about, the same on the page and in the dialog: the exact call, why it is asked, and until when.
import { ESCAPES, exactJson, exactLine, exactLines, JSON_ESCAPES } from '../../../src/lib/exact-text.ts';
import type { Approval } from '../../../src/protocol/approval.ts';
import { fullTime } from '../format/readable.ts';
import { EffectBadge } from '../ui/badge.tsx';
import { classNames } from '../ui/class-names.ts';
import { Mono } from '../ui/code.tsx';
import { Facts } from '../ui/page-frame.tsx';
import { useNow } from '../ui/relative-time.tsx';
import { ScrollBox } from '../ui/table.tsx';
import { raise, timeLeft } from './approval-words.ts';

const SOON_MS = 60_000;

export function TimeLeft({ expiresAt }: { expiresAt: string }) {
  const now = useNow(1_000);
  const isSoon = Date.parse(expiresAt) - now < SOON_MS;
  return (
    <span role="timer" title={`Until ${fullTime(expiresAt)}`} className={classNames(isSoon && 'text-warn')}>
      {timeLeft(expiresAt, now)}
    </span>
  );
}

/** Words from elsewhere in one line, with signs for what would not be seen. */
export function ExactLine({ text }: { text: string }) {
  return <Marked text={exactLine(text)} escapes={ESCAPES} />;
}

/** A value from elsewhere, all of it: nothing is cut off, hidden, or turned around. */
export function ExactValue({ value, ...shown }: { label: string; value: unknown; className?: string }) {
  return <ExactJson {...shown} json={exactJson(value)} />;
}

/** @param json as exactJson writes it, here or on the server: without a digit lost on the way */
function ExactJson({ label, json, className }: { label: string; json: string; className?: string }) {
  return (
    <ScrollBox
      label={label}
      className={classNames('overflow-auto rounded-lg border border-line bg-sunken px-4 py-3', className)}
    >
      <pre className="font-mono text-sm leading-6 whitespace-break-spaces wrap-anywhere">
        <Marked text={exactLines(json)} escapes={JSON_ESCAPES} />
      </pre>
    </ScrollBox>
  );
}

/** Signs in the place of hidden characters stand out. */
function Marked({ text, escapes }: { text: string; escapes: RegExp }) {
  return (
    <bdi>
      {text.split(escapes).map((piece, index) =>
        index % 2 === 0 ? (
          piece
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text do not move
          <mark key={index} className="rounded-sm bg-warn-soft px-0.5 text-warn">
            {piece}
          </mark>
        ),
      )}
    </bdi>
  );
}

export function ExactCall({ approval }: { approval: Approval }) {
  const { kind, command, effect, scope, inputJson, inputHash, budget, reason, stateChecked } = approval;
  if (kind === 'budget') {
    return <Facts of={{ Budget: budget && raise(budget), Why: <ExactLine text={reason} /> }} />;
  }
  return (
    <div className="flex flex-col gap-3">
      <Facts
        of={{
          Command: (
            <span className="flex flex-wrap items-center gap-2">
              <Mono>{command ?? ''}</Mono>
              {effect && <EffectBadge effect={effect} />}
              {scope && <span className="font-mono text-xs text-muted">{scope}</span>}
            </span>
          ),
          'Why it is asked': <ExactLine text={reason} />,
        }}
      />
      <ExactJson label="The exact input" json={inputJson ?? ''} />
      <p className="text-sm text-muted">
        {stateChecked
          ? 'If what it is about changes before it is done, it is not done.'
          : 'It is done as it stands here: whether what it is about changes meanwhile is not checked.'}
        {inputHash && <span className="block font-mono text-xs wrap-anywhere">SHA-256 {inputHash}</span>}
      </p>
    </div>
  );
}
