import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LIMITS } from '../protocol/limits.ts';
import { createFrameCounter, createPace, paceWire } from './paced-wire.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);

test('frames are counted however the bytes are cut', () => {
  const all = Buffer.concat([PREFACE, ping, Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]), ping]);
  for (const size of [1, 2, 7, 9, 24, 1000]) {
    const count = createFrameCounter();
    let frames = 0;
    for (let at = 0; at < all.length; at += size) frames += count(all.subarray(at, at + size));
    expect(frames, `cut into ${size}`).toBe(3);
  }
});

test('a flood of small frames waits, and goes on later', async () => {
  const [guest, host] = duplexPair();
  let time = 0;
  const paced = paceWire(
    host,
    createPace(() => time),
  );
  let received = 0;
  paced.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  const burst = Buffer.concat(Array.from({ length: 1000 }, () => ping));
  guest.write(PREFACE);
  const flood = LIMITS.guest.frameBurst * 4;
  for (let sent = 0; sent < flood; sent += 1000) guest.write(burst);
  await expect.poll(() => received).toBeGreaterThan(LIMITS.guest.frameBurst * ping.length);
  await sleep(100);
  expect(received).toBeLessThan((LIMITS.guest.frameBurst + 3000) * ping.length);
  time += 3_600_000;
  await expect.poll(() => received, { timeout: 10_000 }).toBeGreaterThan(flood * ping.length * 0.5);
  paced.destroy();
});

test('carries both ways, and each takes the other along', async () => {
  const [guest, host] = duplexPair();
  const paced = paceWire(host);
  paced.write('down');
  expect(String((await once(guest, 'data'))[0])).toBe('down');
  guest.write('up');
  expect(String((await once(paced, 'data'))[0])).toBe('up');
  const hostClosed = once(host, 'close');
  paced.destroy();
  await hostClosed;
  const [, other] = duplexPair();
  const pacedClosed = once(paceWire(other), 'close');
  other.destroy();
  await pacedClosed;
});
