// Output with the colours that its escape sequences ask for, as spans. Loaded when there is such output.
import Anser from 'anser';
import { ansiColour, readableColours } from './ansi-colours.ts';
import { classNames } from './class-names.ts';
import { ForeignText } from './foreign-text.tsx';

/**
 * Sequences without a colour: titles of windows, links (OSC), and those of devices. Their text is not meant to be
 * seen.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const STRINGS = /\u{1b}[\]PX^_][^\u{7}\u{1b}\u{9c}]*(?:\u{7}|\u{1b}\\|\u{9c})/gu;

export function AnsiText({ text }: { text: string }) {
  const parts = Anser.ansiToJson(text.replace(STRINGS, ''), { json: true, use_classes: true, remove_empty: true });
  return parts.map(({ content, fg, bg, fg_truecolor, bg_truecolor, decorations }, index) => {
    const front = ansiColour(fg, fg_truecolor);
    const back = ansiColour(bg, bg_truecolor);
    const reversed = decorations.includes('reverse');
    return (
      <span
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of an output do not move
        key={index}
        style={reversed ? readableColours(back, front ?? [199, 206, 201]) : readableColours(front, back)}
        className={classNames(
          decorations.includes('bold') && 'font-bold',
          decorations.includes('dim') && 'text-muted',
          decorations.includes('italic') && 'italic',
          decorations.includes('underline') && 'underline',
          decorations.includes('strikethrough') && 'line-through',
        )}
      >
        <ForeignText text={content} />
      </span>
    );
  });
}
