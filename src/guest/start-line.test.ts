import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { readStartLine } from './start-line.ts';

const LINE = JSON.stringify({ protocol: 1, now: '2026-01-01T00:00:00.000Z', entropy: 'AAAA' });

test('what follows in the same chunk stays in the stream', async () => {
  const input = new PassThrough();
  input.end(`${LINE}\nPRI * HTTP/2.0`);
  expect(await readStartLine(input)).toMatchObject({ protocol: 1, entropy: 'AAAA' });
  expect(await text(input)).toBe('PRI * HTTP/2.0');
});

test('the line may come in pieces, the rest later', async () => {
  const input = new PassThrough();
  const line = readStartLine(input);
  for (const character of `${LINE}\n`) {
    input.write(character);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await line).toMatchObject({ protocol: 1 });
  input.end('later');
  expect(await text(input)).toBe('later');
});

test('questions before the line are counted and left out', async () => {
  const input = new PassThrough();
  let questions = 0;
  const line = readStartLine(input, async () => void questions++);
  input.write('ready?\nrea');
  input.end(`dy?\n${LINE}\nPRI`);
  expect(await line).toMatchObject({ protocol: 1 });
  expect(questions).toBe(2);
  expect(await text(input)).toBe('PRI');
});

test('a stream that ends without a line', async () => {
  const input = new PassThrough();
  input.end();
  expect(await readStartLine(input)).toBeNull();
});

test.each([
  ['x'.repeat(1024 * 1024 + 1), /longer than/],
  ['no json\n', /JSON/],
  ['{"protocol":2,"entropy":""}\n', /protocol 1/],
])('%.10s… is refused', async (sent, message) => {
  const input = new PassThrough();
  input.write(sent);
  await expect(readStartLine(input)).rejects.toThrow(message);
});
