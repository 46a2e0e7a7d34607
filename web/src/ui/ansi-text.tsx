// Output with the colours that its escape sequences ask for, as spans. Loaded when there is such output.
import Anser from 'anser';
import { classNames } from './class-names.ts';
import { ForeignText } from './foreign-text.tsx';

/** Sequences without a colour: titles of windows, links (OSC), those of devices. Their text is not to be seen. */
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

type Rgb = readonly [number, number, number];

export const GROUND: Rgb = [13, 17, 15];
const INK: Rgb = [231, 236, 232];
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
const CONTRAST_LEAST = 4.5;

const NAMED: Record<string, Rgb> = {
  'ansi-black': [110, 120, 114],
  'ansi-red': [255, 123, 114],
  'ansi-green': [79, 196, 140],
  'ansi-yellow': [239, 182, 92],
  'ansi-blue': [130, 182, 255],
  'ansi-magenta': [216, 160, 255],
  'ansi-cyan': [86, 212, 221],
  'ansi-white': [199, 206, 201],
  'ansi-bright-black': [139, 150, 142],
  'ansi-bright-red': [255, 161, 153],
  'ansi-bright-green': [116, 214, 166],
  'ansi-bright-yellow': [250, 208, 137],
  'ansi-bright-blue': [165, 204, 255],
  'ansi-bright-magenta': [230, 190, 255],
  'ansi-bright-cyan': [135, 228, 234],
  'ansi-bright-white': [255, 255, 255],
};
const CUBE_STEPS = [0, 95, 135, 175, 215, 255];

/** @param name `ansi-red`, `ansi-palette-123`, or `ansi-truecolor` with `truecolor` "255, 0, 0"; null: none */
export function ansiColour(name: string | null, truecolor: string | null): Rgb | null {
  if (!name) return null;
  if (name === 'ansi-truecolor') return truecolor ? (truecolor.split(',').map(Number) as unknown as Rgb) : null;
  const palette = /^ansi-palette-(\d+)$/.exec(name)?.[1];
  return palette === undefined ? (NAMED[name] ?? null) : paletteColour(Number(palette));
}

/** The text's colour, and the ground's when it has one of its own, as CSS. */
export function readableColours(
  text: Rgb | null,
  ground: Rgb | null,
): { color?: string; backgroundColor?: string } {
  if (!text && !ground) return {};
  const behind = ground ?? GROUND;
  const towards = luminance(behind) > 0.18 ? BLACK : WHITE;
  let color = text ?? INK;
  for (let steps = 0; contrast(color, behind) < CONTRAST_LEAST && steps < 10; steps += 1)
    color = mix(color, towards, 0.3);
  return { color: css(color), ...(ground && { backgroundColor: css(ground) }) };
}

export function contrast(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: Rgb): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function paletteColour(index: number): Rgb {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return [grey, grey, grey];
  }
  const cube = index - 16;
  const step = (divisor: number) => CUBE_STEPS[Math.floor(cube / divisor) % 6] ?? 0;
  return [step(36), step(6), step(1)];
}

function mix(one: Rgb, other: Rgb, share: number): Rgb {
  const part = (channel: 0 | 1 | 2) => one[channel] + (other[channel] - one[channel]) * share;
  return [part(0), part(1), part(2)];
}

function css(colour: Rgb): string {
  return `rgb(${colour.map(Math.round).join(' ')})`;
}
