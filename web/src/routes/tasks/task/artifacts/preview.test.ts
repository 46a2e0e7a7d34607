// What of an artifact is shown, and as what: never as something that runs.
import { expect, it } from 'vitest';
import { parseCsv, readPreview } from './preview.ts';

const read = (name: string, type: string, content: string | Uint8Array<ArrayBuffer>) => {
  const size = typeof content === 'string' ? new TextEncoder().encode(content).length : content.length;
  return readPreview({ name, type, size }, async () => new Response(content));
};

it.each([
  ['page.html', 'text/html', '<script>alert(1)</script>'],
  ['picture.svg', 'image/svg+xml', '<svg onload="alert(1)"/>'],
  ['notes', 'application/octet-stream', 'plain ä'],
  ['broken.json', 'application/json', '{"a":'],
])('%s is shown as its text', async (name, type, content) => {
  expect(await read(name, type, content)).toEqual({ kind: 'text', text: content, cut: false });
});

it('indents JSON, reads CSV, and shows raster images', async () => {
  expect(await read('a.json', 'application/json', '{"a":1}')).toMatchObject({ text: '{\n  "a": 1\n}' });
  expect(await read('a.csv', 'text/csv; charset=utf-8', 'a,b')).toEqual({
    kind: 'csv',
    rows: [['a', 'b']],
    cut: false,
  });
  expect(await read('a.png', 'image/png', new Uint8Array([1]))).toMatchObject({ kind: 'image' });
});

it('shows nothing of what is no text', async () => {
  expect(await read('a.bin', 'text/plain', new Uint8Array([0xff, 0xfe]))).toMatchObject({ kind: 'none' });
  expect(await read('a.bin', 'text/plain', 'a\0b')).toMatchObject({ kind: 'none' });
  const image = { name: 'a.png', type: 'image/png', size: 1e9 };
  expect(await readPreview(image, () => Promise.reject(new Error('asked for')))).toMatchObject({
    kind: 'none',
  });
});

it('reads no more than the beginning, through whatever character the cut goes', async () => {
  const preview = await read('a.txt', 'text/plain', `x${'ä'.repeat(600_000)}`);
  expect(preview).toEqual({ kind: 'text', text: `x${'ä'.repeat(499_999)}`, cut: true });
});

it.each([
  [
    'a,b\n1,2\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    '\ufeffa,b\r\n"1,5","say ""hi"""\r\n',
    [
      ['a', 'b'],
      ['1,5', 'say "hi"'],
    ],
  ],
  ['a\n"two\nlines"', [['a'], ['two\nlines']]],
  [
    'a,,\n,,c',
    [
      ['a', '', ''],
      ['', '', 'c'],
    ],
  ],
  ['never "closed\n"x', [['never "closed'], ['x']]],
  ['', []],
])('%j', (text, rows) => {
  expect(parseCsv(text, ',')).toEqual({ rows, cut: false });
});

it('takes tabs, and a bounded part of what is large', () => {
  expect(parseCsv('a\tb,c', '\t').rows).toEqual([['a', 'b,c']]);
  const { rows, cut } = parseCsv(`${'x,'.repeat(100)}\n`.repeat(1_000), ',');
  expect([rows.length, rows[0]?.length, cut]).toEqual([200, 50, true]);
  expect(parseCsv('x'.repeat(10_000), ',')).toMatchObject({ rows: [['x'.repeat(500)]], cut: true });
});
