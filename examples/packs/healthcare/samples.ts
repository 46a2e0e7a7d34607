// Six batches with 260 intake forms. Two are of today at their clinics; their incomplete forms show every rule.
import { randomUUID } from 'node:crypto';
import { type SampleContext, sql } from 'seed/pack';
import type { Tables } from './tables.ts';

interface Batch {
  id: string;
  clinic: string;
  timeZone: string;
  /** Days before today at the clinic, and the time of day there. */
  daysAgo: number;
  time: string;
  forms: number;
  /** What is different in a form, by position. */
  mistakes?: Record<number, Record<string, unknown>>;
}

const BATCHES: readonly Batch[] = [
  {
    id: 'intake-riverside-2',
    clinic: 'Riverside Clinic',
    timeZone: 'America/New_York',
    daysAgo: 0,
    time: '00:00:05',
    forms: 48,
    mistakes: {
      3: { phone: '' },
      9: { consentSignedOn: undefined },
      14: { fullName: '   ' },
      17: { birthDate: '1989-02-30' },
      21: { insuranceNumber: '12345', reason: null },
      26: { birthDate: '2999-01-01' },
      33: { consentSignedOn: '2999-12-31' },
      38: { phone: 'call my sister' },
      // The form of position 5 once more.
      40: { copyOf: 5 },
      // Unusual, and complete.
      44: { fullName: 'Zoë “Zo” O’Hara-Müller', phone: '+49 (0)30 / 1234-56' },
    },
  },
  {
    id: 'intake-harbor-1',
    clinic: 'Harbor Practice',
    timeZone: 'Pacific/Auckland',
    daysAgo: 0,
    time: '00:00:10',
    forms: 12,
    mistakes: { 2: { insuranceNumber: '' } },
  },
  // Yesterday at the clinic, however late.
  {
    id: 'intake-riverside-1',
    clinic: 'Riverside Clinic',
    timeZone: 'America/New_York',
    daysAgo: 1,
    time: '23:59:50',
    forms: 60,
    mistakes: { 7: { phone: '' } },
  },
  {
    id: 'intake-lakeside-3',
    clinic: 'Lakeside Health',
    timeZone: 'Europe/Berlin',
    daysAgo: 3,
    time: '16:20:00',
    forms: 70,
    mistakes: { 11: { reason: '' } },
  },
  {
    id: 'intake-lakeside-2',
    clinic: 'Lakeside Health',
    timeZone: 'Europe/Berlin',
    daysAgo: 10,
    time: '09:05:00',
    forms: 70,
  },
  // A scanner that had nothing to scan.
  {
    id: 'intake-lakeside-1',
    clinic: 'Lakeside Health',
    timeZone: 'Europe/Berlin',
    daysAgo: 11,
    time: '09:00:00',
    forms: 0,
  },
];

const FIRST = ['Anna', 'Ben', 'Chidi', 'Dana', 'Emil', 'Farah', 'Gil', 'Hana', 'Ivan', 'Joy', 'Kofi', 'Lea'];
const LAST = [
  'Adler',
  'Brooks',
  'Castillo',
  'Dubois',
  'Eze',
  'Fischer',
  'Gupta',
  'Hansen',
  'Ito',
  'Jensen',
  'Kaya',
];
const REASONS = ['check-up', 'back pain', 'vaccination', 'follow-up', 'headache'];

/** Signed some weeks before the oldest batch was uploaded. */
function consentOf(index: number, now: Date): string {
  return new Date(now.getTime() - (20 + (index % 200)) * 86_400_000).toISOString().slice(0, 10);
}

function formOf(index: number, now: Date): Record<string, unknown> {
  const two = (number: number) => String(number).padStart(2, '0');
  return {
    fullName: `${FIRST[index % FIRST.length]} ${LAST[(index * 3) % LAST.length]}`,
    birthDate: `${1940 + ((index * 7) % 75)}-${two(1 + (index % 12))}-${two(1 + ((index * 5) % 28))}`,
    phone: `+1 555 ${String(2_000 + index)}`,
    insuranceNumber: `HLT-${String(100_000 + index * 37)}`,
    reason: REASONS[index % REASONS.length],
    consentSignedOn: consentOf(index, now),
  };
}

export async function writeSamples({ db, accountId, now }: SampleContext<Tables>): Promise<void> {
  const batches = BATCHES.map(({ id, clinic, timeZone, daysAgo, time }) => ({
    account_id: accountId,
    id,
    clinic,
    time_zone: timeZone,
    uploaded_at: sql<Date>`(((${now}::timestamptz at time zone ${timeZone})::date - ${daysAgo}::integer) + ${time}::time)
      at time zone ${timeZone}`,
  }));
  await db.insertInto('batches').values(batches).execute();
  const records = BATCHES.flatMap(({ id, forms, mistakes = {} }, batch) =>
    Array.from({ length: forms }, (_, index) => {
      const position = index + 1;
      const { copyOf, ...changes } = mistakes[position] ?? {};
      return {
        account_id: accountId,
        id: randomUUID(),
        batch_id: id,
        position,
        form: { ...formOf(batch * 100 + (typeof copyOf === 'number' ? copyOf : position), now), ...changes },
        flags: [],
        flagged_by_task: null,
      };
    }),
  );
  await db.insertInto('records').values(records).execute();
}
