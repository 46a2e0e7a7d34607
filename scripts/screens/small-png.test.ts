// The picture stays the same: read again, it has the same pixels, or for a picture of many colours nearly the
// same.
import { deflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { decode, smallPng } from './small-png.ts';

/** A PNG of RGB pixels, its rows filtered as `Sub`, `Up`, `Average`, `Paeth` and not at all by turns. */
function picture(width: number, height: number, colourAt: (x: number, y: number) => number): Buffer {
  const rows: number[][] = [];
  for (let y = 0; y < height; y++) {
    rows.push(
      Array.from({ length: width }, (_, x) => colourAt(x, y)).flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]),
    );
  }
  const filtered = rows.flatMap((row, y) => {
    const filter = y % 5;
    const valueAt = (line: number[] | undefined, x: number) => (x < 0 ? 0 : (line?.[x] ?? 0));
    const above = rows[y - 1];
    return [
      filter,
      ...row.map((value, x) => {
        const [a, b, c] = [valueAt(row, x - 3), valueAt(above, x), valueAt(above, x - 3)];
        const p = a + b - c;
        const nearest = [a, b, c].toSorted((m, n) => Math.abs(p - m) - Math.abs(p - n))[0] ?? 0;
        const expected = [0, a, b, (a + b) >> 1, nearest][filter] ?? 0;
        return (value - expected) & 255;
      }),
    ];
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunk = (type: string, content: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    return Buffer.concat([length, Buffer.from(type, 'latin1'), content, Buffer.alloc(4)]);
  };
  const data = deflateSync(Buffer.from(filtered));
  return Buffer.concat([Buffer.alloc(8), chunk('IHDR', header), chunk('IDAT', data)]);
}

/** The colours that the indexed picture stands for. */
function colours(png: Buffer): number[] {
  const at = png.indexOf('PLTE') + 4;
  return Array.from({ length: png.readUInt32BE(at - 8) / 3 }, (_, index) => png.readUIntBE(at + index * 3, 3));
}

it('reads every filter of PNG', () => {
  const colourAt = (x: number, y: number) => ((x * 31 + y * 17) << 8) | (x * y);
  const { width, height, pixels } = decode(picture(20, 15, colourAt));
  expect([width, height]).toEqual([20, 15]);
  expect([...pixels]).toEqual(
    Array.from({ length: 300 }, (_, i) => colourAt(i % 20, Math.floor(i / 20)) & 0xffffff),
  );
});

it('keeps the colours of a picture that has few, and at most 256 of one that has many', () => {
  const few = smallPng(picture(10, 10, (x) => [0xff0000, 0x00ff00][x % 2] ?? 0));
  expect(colours(few).sort()).toEqual([0x00ff00, 0xff0000].sort());
  const many = smallPng(picture(64, 64, (x, y) => (x << 18) | (y << 2)));
  expect(colours(many).length).toBeLessThanOrEqual(256);
  expect(colours(many).length).toBeGreaterThan(100);
});

it('keeps a rare colour among many shades of a frequent one', () => {
  const shades = picture(300, 2, (x, y) => (x === 7 && y === 1 ? 0x1c5bb5 : (x % 250) * 0x010101));
  expect(colours(smallPng(shades))).toContain(0x1c5bb5);
});
