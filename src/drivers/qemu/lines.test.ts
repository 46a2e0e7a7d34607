import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readLines } from './lines.ts';

test('puts lines together from chunks', async () => {
  const source = new PassThrough();
  const lines: string[] = [];
  readLines(source, (line) => lines.push(line));
  source.write('star');
  source.write('ted\nexited 0\nrest');
  source.end();
  await source.toArray().catch(() => []);
  expect(lines).toEqual(['started', 'exited 0']);
});

test('stops at a line without end', async () => {
  const source = new PassThrough();
  readLines(source, () => {});
  source.write('x'.repeat(100_000));
  await expect.poll(() => source.isPaused()).toBe(true);
});
