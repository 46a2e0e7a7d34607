// What a program printed, on a dark ground in both themes, as programs expect it. Long output shows its end first.
import { lazy, Suspense } from 'react';
import { ForeignText, ShowMore, useCut } from './foreign-text.tsx';

const AnsiText = lazy(async () => ({ default: (await import('./ansi-text.tsx')).AnsiText }));

interface TerminalProps {
  label: string;
  /** What was run, which is shown after a `$`. */
  command: string | null;
  output: string;
}

export function Terminal({ label, command, output }: TerminalProps) {
  const { shown, hidden, showMore } = useCut(output, 'end');
  return (
    // No landmark: a task has many.
    // biome-ignore lint/a11y/useSemanticElements: nothing is filled in here
    <div
      role="group"
      aria-label={label}
      data-theme="dark"
      className="rounded-lg border border-line bg-canvas px-4 py-3 font-mono text-sm leading-6 text-ink"
    >
      {command !== null && <Command text={command} />}
      {output !== '' && (
        <div className="whitespace-pre-wrap wrap-anywhere">
          {hidden > 0 && <ShowMore hidden={hidden} what="earlier output" onClick={showMore} />}
          {shown.includes('\u{1b}') ? (
            <Suspense fallback={<ForeignText text={shown} />}>
              <AnsiText text={shown} />
            </Suspense>
          ) : (
            <ForeignText text={shown} />
          )}
        </div>
      )}
    </div>
  );
}

function Command({ text }: { text: string }) {
  const { shown, hidden, showMore } = useCut(text);
  return (
    <div className="flex gap-2">
      <span aria-hidden="true" className="text-accent select-none">
        $
      </span>
      <div className="min-w-0 font-medium whitespace-pre-wrap wrap-anywhere">
        <ForeignText text={shown} />
        {hidden > 0 && <ShowMore hidden={hidden} onClick={showMore} />}
      </div>
    </div>
  );
}
