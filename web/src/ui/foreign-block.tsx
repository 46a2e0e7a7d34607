// Paragraphs, code or data of somebody else's. What is longer than a few screens is cut, with a button for more.
import { count } from '../format/numbers.ts';
import { classNames } from './class-names.ts';
import { ForeignText } from './foreign-text.tsx';
import { useCut } from './use-cut.ts';

export function ForeignBlock({
  text,
  mono = false,
  className,
}: {
  text: string;
  mono?: boolean;
  className?: string;
}) {
  const { shown, hidden, showMore } = useCut(text);
  return (
    <div
      className={classNames(
        'whitespace-pre-wrap wrap-anywhere',
        mono && 'font-mono text-sm leading-6',
        className,
      )}
    >
      <ForeignText text={shown} />
      {hidden > 0 && <ShowMore hidden={hidden} onClick={showMore} />}
    </div>
  );
}

export function ShowMore({
  hidden,
  what = 'more',
  onClick,
}: {
  hidden: number;
  what?: 'more' | 'earlier output';
  onClick(): void;
}) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="my-1 block rounded-md border border-line px-2 py-0.5 font-sans text-sm text-muted hover:border-control hover:text-ink"
    >
      Show {what} ({count(hidden)} characters)
    </button>
  );
}
