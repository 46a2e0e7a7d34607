// Events of a guest are bounded by their bytes, as they come and as they are written on.
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { AgentEvent } from '../protocol/event.ts';
import { LIMITS } from '../protocol/limits.ts';
import { readEvents } from './bodies.ts';
import { createGuestLimits } from './limits.ts';

const { eventBytes, eventBytesPerTask } = LIMITS;
const textEvent = (text: string) => JSON.stringify({ type: 'text', text });
const read = (...lines: string[]) => readEvents(Readable.from([Buffer.from(`${lines.join('\n')}\n`)]));

test.each([
  ['letters of one byte', 'x', 1],
  ['of three', '€', 3],
  ['of four, which are two units', '𐍈', 4],
  ['halves of such a letter, which JSON writes in six', '\ud800', 6],
])('a text of %s counts its bytes', async (_, letter, bytes) => {
  const room = eventBytes - textEvent('').length;
  const fits = textEvent(letter.repeat(Math.floor(room / bytes)));
  expect(await read(fits)).toBe(`${fits}\n`);
  const cut = await read(textEvent(letter.repeat(Math.floor(room / bytes) + 1)));
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(eventBytes + 1);
  expect(cut).toContain('left out');
});

test('what is short as it comes and long as it is written on is cut', async () => {
  const numbers = Array.from({ length: 10_000 }, () => '1e20').join(',');
  const line = `{"type":"tool_call","callId":"1","tool":"t","input":{"numbers":[${numbers}]}}`;
  expect(line.length).toBeLessThan(eventBytes);
  const cut = await read(line);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(eventBytes + 1);
  expect(JSON.parse(cut)).toMatchObject({ type: 'tool_call', callId: '1', tool: 't' });
});

test('an odd event takes none of the others with it', async () => {
  const events = await read(textEvent('before'), 'no JSON', '{"type":"tool_call"}', textEvent('after'));
  expect(
    events
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { type: 'text', text: 'before' },
    { type: 'diagnostic', text: expect.stringContaining('no JSON') },
    { type: 'tool_call', callId: '', tool: '', input: { value: null } },
    { type: 'text', text: 'after' },
  ]);
});

test('who reads an event by itself counts bytes, too', () => {
  const parse = (text: string) => AgentEvent.safeParse({ type: 'text', text }).success;
  expect([parse('€'.repeat(eventBytes / 3)), parse('€'.repeat(eventBytes / 3 + 1))]).toEqual([true, false]);
});

test('all events of a task together count their bytes', async () => {
  const limits = createGuestLimits();
  const batch = `${textEvent('€'.repeat(20_000))}\n`;
  const most = Math.floor(eventBytesPerTask / Buffer.byteLength(batch));
  for (let sent = 0; sent < most; sent++) await limits.chargeEvents(batch);
  await expect(limits.chargeEvents(batch)).rejects.toThrow('more than may be kept');
});
