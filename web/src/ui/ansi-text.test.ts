// Whatever colours a task chooses, its text can be read.
import { expect, it } from 'vitest';
import { ansiColour, contrast, GROUND, readableColours } from './ansi-text.tsx';

const rgb = (css = '') => css.match(/\d+/g)?.map(Number) as unknown as [number, number, number];

it('knows names, the palette and 24 bits', () => {
  expect(ansiColour('ansi-green', null)).toEqual([79, 196, 140]);
  expect(ansiColour('ansi-palette-196', null)).toEqual([255, 0, 0]);
  expect(ansiColour('ansi-palette-244', null)).toEqual([128, 128, 128]);
  expect(ansiColour('ansi-truecolor', '1, 2, 3')).toEqual([1, 2, 3]);
  expect(ansiColour(null, null)).toBeNull();
  expect(readableColours(null, null)).toEqual({});
});

it.each([
  ['black on the terminal', [0, 0, 0], null],
  ['the ground itself', GROUND, null],
  ['dark blue', [0, 0, 95], null],
  ['red on red', [255, 0, 0], [255, 0, 0]],
  ['white on yellow', [255, 255, 255], [255, 255, 0]],
  ['nothing on white', null, [255, 255, 255]],
] as const)('%s can be read', (_, text, ground) => {
  const { color, backgroundColor } = readableColours(text, ground);
  expect(
    contrast(rgb(color), backgroundColor === undefined ? GROUND : rgb(backgroundColor)),
  ).toBeGreaterThanOrEqual(4.4);
});
