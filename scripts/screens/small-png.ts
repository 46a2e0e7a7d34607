// Makes a picture of a page small: a page has few colours, so each pixel becomes one byte into a palette (PNG
// specification, third edition, sections 7, 9 and 11). Reads what Chromium writes: 8 bits a channel, RGB or RGBA,
// not interlaced.
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const COLOURS = 256;
/** The squared distance up to which nobody sees that two colours are two. */
const ALIKE = 150;
/** The part of a picture from which on a colour is that of a surface: two surfaces may differ by little. */
const SURFACE = 0.002;

/** @returns a PNG of the same picture with at most 256 colours; rare colours become the nearest frequent one */
export function smallPng(png: Buffer): Buffer {
  const { width, height, pixels } = decode(png);
  const palette = frequentColours(pixels);
  const nearest = new Map(palette.map((colour, index) => [colour, index]));
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = pixels[y * width + x] ?? 0;
      let index = nearest.get(colour);
      if (index === undefined) {
        index = nearestIn(palette, colour);
        nearest.set(colour, index);
      }
      rows[y * (width + 1) + x + 1] = index;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

interface Picture {
  width: number;
  height: number;
  /** 0xRRGGBB of each pixel. */
  pixels: Uint32Array;
}

export function decode(png: Buffer): Picture {
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const channels = png[25] === 6 ? 4 : 3;
  const data = unfilter(inflateSync(contentOf(png, 'IDAT')), width * channels, height, channels);
  const pixels = new Uint32Array(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = data.readUIntBE(i * channels, 3);
  return { width, height, pixels };
}

function contentOf(png: Buffer, wanted: string): Buffer {
  const found: Buffer[] = [];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === wanted) found.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return Buffer.concat(found);
}

/** Each row was written as its difference to what stands left of it, above it, or both. */
function unfilter(filtered: Buffer, rowBytes: number, height: number, channels: number): Buffer {
  const data = Buffer.alloc(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (rowBytes + 1)];
    for (let x = 0; x < rowBytes; x++) {
      const at = y * rowBytes + x;
      const left = x >= channels ? (data[at - channels] ?? 0) : 0;
      const above = y > 0 ? (data[at - rowBytes] ?? 0) : 0;
      const corner = x >= channels && y > 0 ? (data[at - rowBytes - channels] ?? 0) : 0;
      const expected = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter ?? 0] ?? 0;
      data[at] = (filtered[y * (rowBytes + 1) + x + 1] ?? 0) + expected;
    }
  }
  return data;
}

function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const [toLeft, toAbove, toCorner] = [left, above, corner].map((value) => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/**
 * The colours of surfaces, and of the others the frequent ones, but none that is like another: else the many
 * shades of grey letters would leave no place for the few pixels of a coloured word.
 */
function frequentColours(pixels: Uint32Array): number[] {
  const counts = new Map<number, number>();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const palette: number[] = [];
  for (const [colour, count] of [...counts].sort(([, a], [, b]) => b - a)) {
    if (palette.length === COLOURS) break;
    const isSurface = count > pixels.length * SURFACE;
    if (isSurface || palette.every((chosen) => distanceOf(chosen, colour) > ALIKE)) palette.push(colour);
  }
  return palette;
}

function nearestIn(palette: readonly number[], colour: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, candidate] of palette.entries()) {
    const distance = distanceOf(candidate, colour);
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

/** Squared. */
function distanceOf(a: number, b: number): number {
  return [16, 8, 0].reduce((sum, shift) => sum + (((a >> shift) & 255) - ((b >> shift) & 255)) ** 2, 0);
}

function chunk(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
