import { expect, test } from 'vitest';
import { messagesOf } from './connect.ts';

function frame(content: string, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags);
  head.writeUInt32BE(Buffer.byteLength(content), 1);
  return Buffer.concat([head, Buffer.from(content)]);
}

async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const read = (bytes: Buffer, size = bytes.length) => Array.fromAsync(messagesOf(inPieces(bytes, size), 'a call'));

const LAST = frame('{}', 2);

test('messages are read however their bytes arrive', async () => {
  const bytes = Buffer.concat([frame('{"one":"é"}'), frame('{}'), frame('{"two":2}'), LAST]);
  for (const size of [1, 2, 3, 5, 7, bytes.length]) {
    expect(await read(bytes, size)).toEqual([{ one: 'é' }, {}, { two: 2 }]);
  }
});

test('a call that failed says so in its last message', async () => {
  const failed = frame('{"error":{"code":"not_found","message":"no such process"}}', 2);
  await expect(read(failed)).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('no such process'),
  });
  const other = frame('{"error":{"code":"internal"}}', 2);
  await expect(read(other)).rejects.toMatchObject({ code: 'sandbox_failed' });
});

test('without a last message it was cut off, and what is no message is none', async () => {
  await expect(read(frame('{}'))).rejects.toMatchObject({ code: 'unreachable' });
  await expect(read(frame('{}').subarray(0, 6))).rejects.toMatchObject({ code: 'unreachable' });
  await expect(read(frame('{}', 1))).rejects.toMatchObject({ code: 'unreachable' });
  await expect(read(Buffer.from([0, 255, 255, 255, 255]))).rejects.toMatchObject({ code: 'unreachable' });
});
