// Text that somebody else wrote: an agent, a task's output, an instruction. It is always text and never HTML, its direction of
// writing ends with it, and what would be invisible in it is seen.
import { visiblePieces } from './visible-text.ts';

export function ForeignText({ text }: { text: string }) {
  return (
    <bdi>
      {visiblePieces(text).map((piece, place) =>
        typeof piece === 'string' ? (
          piece
        ) : (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text do not move
            key={place}
            title={piece.codePoint}
            className="mx-px rounded-sm bg-warn-soft px-0.5 font-mono text-xs text-warn"
          >
            {piece.sign}
          </span>
        ),
      )}
    </bdi>
  );
}
