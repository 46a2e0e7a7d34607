import { pino } from 'pino';
import { expect, it } from 'vitest';
import { connectionFailure } from './database-failure.ts';
import { Outage } from './outage.ts';

function watched() {
  const lines: string[] = [];
  let nowMs = 0;
  const log = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line).msg) });
  const outage = new Outage(log, () => nowMs);
  const met = () => outage.met(connectionFailure(new Error('connect ECONNREFUSED')));
  const after = (ms: number) => {
    nowMs += ms;
  };
  return { lines, outage, met, after };
}

it('a thousand who are met by it make one line, and one every ten seconds', () => {
  const { lines, met, after } = watched();
  for (let second = 0; second < 30; second += 1) {
    for (let count = 0; count < 1_000; count += 1) met();
    after(1_000);
  }
  expect(lines).toEqual(Array(3).fill('the database does not answer'));
});

it('its end is told once, when nobody was met for some seconds', () => {
  const { lines, outage, met, after } = watched();
  outage.passed();
  met();
  outage.passed();
  after(1_000);
  met();
  after(1_999);
  outage.passed();
  expect(lines).toHaveLength(1);
  after(1);
  outage.passed();
  outage.passed();
  expect(lines).toEqual(['the database does not answer', 'the database answers again']);
});

it('that comes and goes stays two lines in ten seconds', () => {
  const { lines, outage, met, after } = watched();
  for (let turn = 0; turn < 20; turn += 1) {
    met();
    after(2_500);
    outage.passed();
    after(500);
  }
  expect(lines.length).toBeLessThanOrEqual(2 * 6);
});
