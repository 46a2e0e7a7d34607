import { expect, test } from 'vitest';
import { beginningOf, keepOutput, shownBytesOf } from './kept-output.ts';

function keeping(mostBytes: number, isKept = true) {
  const written: Buffer[] = [];
  let opened = 0;
  const output = keepOutput(mostBytes, () => {
    opened += 1;
    return { path: '/home/agent/output-1.txt', write: (chunk) => written.push(chunk), close: async () => isKept };
  });
  const finish = async (...chunks: (string | Buffer)[]) => {
    for (const chunk of chunks) output.take(Buffer.from(chunk));
    return { ...(await output.finish()), opened, file: Buffer.concat(written).toString('utf8') };
  };
  return finish;
}

const numbered = Array.from({ length: 1_000 }, (_, index) => `line ${index + 1}\n`);

test('what is short is shown whole, and no file is made', async () => {
  expect(await keeping(100)('one\n', '', 'two')).toMatchObject({ text: 'one\ntwo', opened: 0 });
  expect(await keeping(4)('1234')).toMatchObject({ text: '1234', opened: 0 });
});

test.each([1, 7, 1_000, 100_000])(
  'long output in chunks of %i bytes: both ends, by whole lines, and the file',
  async (size) => {
    const whole = numbered.join('');
    const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
      whole.slice(i * size, (i + 1) * size),
    );
    const { text, file, opened } = await keeping(200)(...chunks);
    expect(opened).toBe(1);
    expect(file).toBe(whole);
    const [head = '', note = '', tail = ''] = text.split(/(\[… .* …\]\n)/);
    expect(whole.startsWith(head)).toBe(true);
    expect(whole.endsWith(tail)).toBe(true);
    expect(head.endsWith('\n')).toBe(true);
    expect(tail).toMatch(/^line \d+\n/);
    const [from, to] = (/lines (\d+) to (\d+) of 1000 left out/.exec(note) ?? []).slice(1).map(Number);
    expect(head.trimEnd().split('\n').length).toBe((from ?? 0) - 1);
    expect(tail.startsWith(`line ${(to ?? 0) + 1}\n`)).toBe(true);
    expect(note).toContain(`sed -n '${from},${(from ?? 0) + 40}p' /home/agent/output-1.txt`);
    expect(head.length + tail.length).toBeLessThanOrEqual(200);
  },
);

test('one long line is cut between characters, and the way to the rest fits it', async () => {
  const { text } = await keeping(101)('€'.repeat(1_000));
  expect(text).not.toContain('\ufffd');
  expect(text).toMatch(
    /^€{16}\n\[… 2904 of 3000 bytes left out; all are in .*cut -c1-2000 show parts of it …\]\n€{16}$/,
  );
});

test('what could not be kept is not told to be there', async () => {
  const { text } = await keeping(200, false)(...numbered);
  expect(text).toContain('could not be kept');
  expect(text).not.toContain('/home/agent');
});

test('the same output has the same digest, another one another', async () => {
  const [a, b, c] = await Promise.all([keeping(10)('ab', 'c'), keeping(10)('abc'), keeping(10)('abd')]);
  expect(a.digest).toBe(b.digest);
  expect(a.digest).not.toBe(c.digest);
});

test('of a file the beginning is shown, with where to go on', () => {
  expect(beginningOf('a\nb\n', 1, 10)).toBe('a\nb\n');
  expect(beginningOf('one\ntwo\nthree\n', 11, 9)).toBe(
    'one\ntwo\n[… too much for you at once: go on with offset 13 …]\n',
  );
  expect(beginningOf('x'.repeat(50), 3, 9)).toMatch(/^x{9}\n\[… line 3 is longer/);
});

test.each([
  [1_000, 2_000],
  [16_384, 6_553],
  [128_000, 51_200],
  [1_000_000, 51_200],
])('of a context of %i tokens a tool may fill %i bytes', (tokens, bytes) => {
  expect(shownBytesOf(tokens)).toBe(bytes);
});

test('of output without end the file has the first 16 MiB, and the note says so', async () => {
  const MIB = 1024 * 1024;
  const chunks = Array.from({ length: 17 * 2 }, (_, index) => Buffer.alloc(MIB / 2 + index, 'x\n'));
  const { text, file } = await keeping(100)(...chunks);
  expect(file.length).toBe(16 * MIB);
  expect(text).toContain('the first 16 MiB are in /home/agent/output-1.txt');
  expect(await keeping(100)(Buffer.alloc(17 * MIB, 'x')).then(({ file: whole }) => whole.length)).toBe(16 * MIB);
});
