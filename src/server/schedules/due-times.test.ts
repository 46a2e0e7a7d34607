import { Temporal } from 'temporal-polyfill';
import { expect, test } from 'vitest';
import { dueTimes, jitterOf, lastDue, upcoming } from './due-times.ts';

const timesOf = (cron: string, timezone: string) => dueTimes({ cron, runAt: null, timezone });
const due = (cron: string, timezone: string, from: string, most: number) =>
  upcoming(timesOf(cron, timezone), new Date(from), most).map((moment) => moment.toISOString().slice(0, 16));

test.each([
  [
    'skipped in Berlin',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-03-28T12:00Z',
    ['2026-03-29T01:30', '2026-03-30T00:30'],
  ],
  [
    'twice in Berlin',
    '30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T12:00Z',
    ['2026-10-25T00:30', '2026-10-26T01:30'],
  ],
  [
    'several, twice',
    '0,30 2 * * *',
    'Europe/Berlin',
    '2026-10-24T12:00Z',
    ['2026-10-25T00:00', '2026-10-25T00:30', '2026-10-26T01:00'],
  ],
  [
    'half an hour skipped',
    '15 2 * * *',
    'Australia/Lord_Howe',
    '2026-10-03T00:00Z',
    ['2026-10-03T15:45', '2026-10-04T15:15'],
  ],
  [
    'half an hour twice',
    '45 1 * * *',
    'Australia/Lord_Howe',
    '2026-04-03T15:00Z',
    ['2026-04-04T14:45', '2026-04-05T15:15'],
  ],
  [
    'a whole day skipped',
    '0 12 * * *',
    'Pacific/Apia',
    '2011-12-29T12:00Z',
    ['2011-12-29T22:00', '2011-12-30T22:00', '2011-12-31T22:00'],
  ],
  [
    'only on the skipped day',
    '0 12 30 12 *',
    'Pacific/Apia',
    '2011-12-01T12:00Z',
    ['2011-12-30T22:00', '2012-12-29T22:00'],
  ],
  [
    'before Ramadan',
    '30 2 * * *',
    'Africa/Casablanca',
    '2026-02-14T12:00Z',
    ['2026-02-15T01:30', '2026-02-16T02:30'],
  ],
  [
    'after Ramadan',
    '30 2 * * *',
    'Africa/El_Aaiun',
    '2026-03-21T12:00Z',
    ['2026-03-22T02:30', '2026-03-23T01:30'],
  ],
  ['Gaza forward', '30 2 * * *', 'Asia/Gaza', '2026-03-27T12:00Z', ['2026-03-28T00:30', '2026-03-28T23:30']],
  ['Gaza back', '30 1 * * *', 'Asia/Gaza', '2026-10-23T12:00Z', ['2026-10-23T22:30', '2026-10-24T23:30']],
  [
    'two hours in Troll',
    '30 1 * * *',
    'Antarctica/Troll',
    '2026-03-28T12:00Z',
    ['2026-03-29T01:30', '2026-03-29T23:30'],
  ],
  [
    'Dublin, whose winter is the exception',
    '30 1 * * *',
    'Europe/Dublin',
    '2026-03-28T12:00Z',
    ['2026-03-29T01:30', '2026-03-30T00:30'],
  ],
  [
    'midnight skipped in Beirut',
    '0 0 * * *',
    'Asia/Beirut',
    '2026-03-28T12:00Z',
    ['2026-03-28T22:00', '2026-03-29T21:00'],
  ],
  [
    'midnight skipped in Cairo',
    '0 0 * * 5',
    'Africa/Cairo',
    '2026-04-20T12:00Z',
    ['2026-04-23T22:00', '2026-04-30T21:00'],
  ],
  [
    'midnight skipped in Santiago',
    '0 0 * * 0',
    'America/Santiago',
    '2026-09-05T12:00Z',
    ['2026-09-06T04:00', '2026-09-13T03:00'],
  ],
  [
    'midnight twice in Havana',
    '30 0 * * *',
    'America/Havana',
    '2026-10-31T12:00Z',
    ['2026-11-01T04:30', '2026-11-02T05:30'],
  ],
])('%s: %s', (_what, cron, zone, from, expected) => {
  expect(due(cron, zone, from, expected.length)).toEqual(expected);
});

test('of a pattern that names every half hour nothing is due twice where clocks skip, or in the hour that comes again', () => {
  expect(due('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:20Z', 4)).toEqual([
    '2026-03-29T00:30',
    '2026-03-29T01:00',
    '2026-03-29T01:30',
    '2026-03-29T02:00',
  ]);
  expect(due('*/30 * * * *', 'Europe/Berlin', '2026-10-25T00:10Z', 3)).toEqual([
    '2026-10-25T00:30',
    '2026-10-25T02:00',
    '2026-10-25T02:30',
  ]);
});

test('two restricted days are either of them, and the last day, a weekday of the month and 7 for Sunday are known', () => {
  expect(due('0 0 13 * FRI', 'UTC', '2026-11-01T00:00Z', 4).map((at) => at.slice(0, 10))).toEqual([
    '2026-11-06',
    '2026-11-13',
    '2026-11-20',
    '2026-11-27',
  ]);
  expect(due('0 0 L * ?', 'UTC', '2026-02-01T00:00Z', 1)).toEqual(['2026-02-28T00:00']);
  expect(due('0 9 * * MON#1', 'UTC', '2026-11-20T00:00Z', 1)).toEqual(['2026-12-07T09:00']);
  expect(due('0 9 * * 7', 'UTC', '2026-11-20T00:00Z', 1)).toEqual(
    due('0 9 * * sun', 'UTC', '2026-11-20T00:00Z', 1),
  );
  expect(due('@daily', 'Asia/Tokyo', '2026-11-20T00:00Z', 1)).toEqual(['2026-11-20T15:00']);
});

test.each([
  ['0 0 30 2 *', 'never comes'],
  ['0 0 31 4,6,9,11 *', 'never comes'],
  ['* * * * * *', 'six|6 fields'],
  ['2026-01-01T00:00:00', '1 fields'],
  ['60 * * * *', 'minute'],
  ['a b c d e', 'illegal'],
  ['*/0 * * * *', 'stepping'],
  ['0 0 * JUB *', 'illegal|month'],
  ['@reboot', '1 fields'],
])('"%s" is refused: %s', (cron, why) => {
  expect(() => timesOf(cron, 'UTC')).toThrow(
    expect.objectContaining({ code: 'invalid_input', hint: expect.any(String) }),
  );
  expect(() => timesOf(cron, 'UTC')).toThrow(new RegExp(why));
});

test.each(['Mars/Olympus', '+02:00', '', 'Europe/Berlin\n'])('the zone %j is refused', (zone) => {
  expect(() => timesOf('0 7 * * *', zone)).toThrow(/there is no time zone/);
});

test('the last due time is found without going through all', () => {
  const now = new Date('2026-11-30T12:34:56Z');
  const last = (cron: string, since: string) => lastDue(timesOf(cron, 'UTC'), new Date(since), now)?.toISOString();
  expect(last('* * * * *', '2020-01-01T00:00Z')).toBe('2026-11-30T12:34:00.000Z');
  expect(last('0 0 29 2 *', '2020-01-01T00:00Z')).toBe('2024-02-29T00:00:00.000Z');
  expect(last('34 12 * * *', '2026-11-30T12:33:59Z')).toBe('2026-11-30T12:34:00.000Z');
  expect(last('34 12 * * *', '2026-11-30T12:34:00Z')).toBeUndefined();
  expect(last('*/10 9-17 * * 1-5', '2026-11-01T00:00Z')).toBe('2026-11-30T12:30:00.000Z');
});

test('jitter is the same for the same schedule and time, and spread over all of it', () => {
  const moment = new Date('2026-11-30T09:00:00Z');
  const offsets = Array.from({ length: 1_000 }, (_, index) => jitterOf(`schedule-${index}`, moment, 600_000));
  expect(offsets).toEqual(offsets.map((_, index) => jitterOf(`schedule-${index}`, moment, 600_000)));
  expect(Math.max(...offsets)).toBeLessThan(600_000);
  const perMinute = Map.groupBy(offsets, (ms) => Math.floor(ms / 60_000));
  expect(perMinute.size).toBe(10);
  for (const those of perMinute.values()) expect(those.length).toBeLessThan(150);
});

// The same by another library: Temporal's own rules for local times that come twice or never.
const YEAR = 2026;
const ZONES = Intl.supportedValuesOf('timeZone');
const begin = (zone: string, year: number) =>
  Temporal.ZonedDateTime.from({ timeZone: zone, year, month: 1, day: 1 });

function changesOf(zone: string): number[] {
  const changes: number[] = [];
  for (
    let at = begin(zone, YEAR).getTimeZoneTransition('next');
    at && at.year === YEAR;
    at = at.getTimeZoneTransition('next')
  )
    changes.push(at.epochMilliseconds);
  return changes;
}

/** All due times in [from, to) of a pattern that names these minutes of these hours of the days that `isOn` says. */
function oracle(
  zone: string,
  { from, to }: { from: number; to: number },
  {
    hours,
    minutes,
    isOn = () => true,
  }: { hours: number[]; minutes: number[]; isOn?: (day: Temporal.PlainDate) => boolean },
): number[] {
  const at = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toPlainDate();
  const found = new Set<number>();
  for (
    let day = at(from).subtract({ days: 2 });
    Temporal.PlainDate.compare(day, at(to)) <= 0;
    day = day.add({ days: 1 })
  ) {
    if (!isOn(day)) continue;
    for (const hour of hours)
      for (const minute of minutes)
        found.add(
          day.toPlainDateTime({ hour, minute }).toZonedDateTime(zone, { disambiguation: 'compatible' })
            .epochMilliseconds,
        );
  }
  return [...found].filter((ms) => ms >= from && ms < to).sort((one, other) => one - other);
}

function ours(cron: string, zone: string, { from, to }: { from: number; to: number }): number[] {
  const times = timesOf(cron, zone);
  const found: number[] = [];
  for (let next = times.after(new Date(from - 1)); next !== null && next.getTime() < to; next = times.after(next))
    found.push(next.getTime());
  return found;
}

const yearOf = (zone: string) => ({
  from: begin(zone, YEAR).epochMilliseconds,
  to: begin(zone, YEAR + 1).epochMilliseconds,
});

test(`a year in all ${ZONES.length} zones: the 1st and the 15th, and every half hour of the nights around each change of clocks`, {
  timeout: 120_000,
}, () => {
  let compared = 0;
  for (const zone of ZONES) {
    const year = yearOf(zone);
    const monthly = ours('0 0 1,15 * *', zone, year);
    const isOn = (day: Temporal.PlainDate) => day.day === 1 || day.day === 15;
    expect(monthly, zone).toEqual(oracle(zone, year, { hours: [0], minutes: [0], isOn }));
    compared += monthly.length;
    for (const change of changesOf(zone)) {
      const around = { from: change - 30 * 3_600_000, to: change + 30 * 3_600_000 };
      const halves = ours('*/30 0-4,22,23 * * *', zone, around);
      expect(halves, zone).toEqual(oracle(zone, around, { hours: [0, 1, 2, 3, 4, 22, 23], minutes: [0, 30] }));
      compared += halves.length;
    }
  }
  expect(compared).toBeGreaterThan(15_000);
});

test('a year of days, in one zone of each kind of change', () => {
  const kinds = new Map(ZONES.map((zone) => [changesOf(zone).join(), zone]));
  expect(kinds.size).toBeGreaterThan(15);
  for (const zone of kinds.values())
    expect(ours('30 2 * * *', zone, yearOf(zone)), zone).toEqual(
      oracle(zone, yearOf(zone), { hours: [2], minutes: [30] }),
    );
});
