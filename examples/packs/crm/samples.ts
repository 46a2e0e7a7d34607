// 130 contacts with their subscriptions: a few that tell a careful program from a careless one, the rest of
// everyday kinds.
import { randomUUID } from 'node:crypto';
import { type SampleContext, sql } from 'seed/pack';
import type { SubscriptionStatus, Tables } from './tables.ts';

interface Sample {
  id: string;
  company: string;
  name: string;
  email: string | null;
  timeZone: string;
  plan: { name: string; status: SubscriptionStatus; seats: number; endsInDays: number } | null;
}

const plan = (endsInDays: number, status: SubscriptionStatus = 'active', name = 'Team', seats = 12) => ({
  name,
  status,
  seats,
  endsInDays,
});

const SPECIAL: readonly Sample[] = [
  sample('acme-corp', 'Acme Corp', 'Jane Doe', 'America/New_York', plan(9, 'active', 'Business', 40)),
  // The same people once more, as happens: no subscription of their own.
  {
    ...sample('acme-corporation', 'Acme Corporation', 'Jane Doe', 'America/New_York', null),
    email: addressOf('Jane Doe', 'acme-corp'),
  },
  sample('globex', 'Globex', 'Hank Scorpio', 'Europe/Berlin', plan(14)),
  sample('initech', 'Initech', 'Bill Lumbergh', 'America/Chicago', plan(15)),
  sample('umbrella', 'Umbrella', 'Alice Abernathy', 'Europe/London', plan(-1)),
  sample('hooli', 'Hooli', 'Gavin Belson', 'America/Los_Angeles', plan(0)),
  { ...sample('vandelay', 'Vandelay Industries', 'Art Vandelay', 'America/New_York', plan(5)), email: null },
  sample('tyrell', 'Tyrell Corporation', 'Eldon Tyrell', 'America/Los_Angeles', plan(7, 'cancelled')),
  sample('soylent', 'Soylent', 'Sol Roth', 'Asia/Tokyo', plan(3, 'past_due')),
  sample('kiwi-labs', 'Kiwi Labs', 'Aroha Ngata', 'Pacific/Auckland', plan(14)),
  sample('aloha-systems', 'Aloha Systems', 'Leilani Kahale', 'Pacific/Honolulu', plan(14)),
  sample('o-briens', "O'Brien's “Fine” Goods & Sons", "Séamus O'Brien", 'Europe/Dublin', plan(10)),
];

const FIRST = ['Blue', 'North', 'Silver', 'Green', 'Rapid', 'Open', 'Bright', 'Iron', 'Cedar', 'Delta', 'Lumen'];
const SECOND = [
  'Harbor',
  'Works',
  'Logic',
  'Foods',
  'Freight',
  'Health',
  'Energy',
  'Media',
  'Robotics',
  'Capital',
];
const PEOPLE = [
  'Maria Silva',
  'Tom Becker',
  'Aiko Tanaka',
  'Omar Haddad',
  'Lena Novak',
  'Sam Okafor',
  'Ines Rossi',
];
const ZONES = ['America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Australia/Sydney', 'America/Sao_Paulo'];
const PLANS = ['Starter', 'Team', 'Business'];
const PRICE_CENTS: Record<string, number> = { Starter: 12_000, Team: 18_000, Business: 30_000 };

const EVERYDAY: readonly Sample[] = FIRST.flatMap((first, row) =>
  SECOND.map((second, column) => {
    const index = row * SECOND.length + column;
    const id = `${first}-${second}`.toLowerCase();
    const status = index % 17 === 0 ? 'cancelled' : index % 13 === 0 ? 'past_due' : 'active';
    const terms = plan(20 + ((index * 37) % 340), status, pick(PLANS, index), 3 + ((index * 7) % 90));
    return sample(
      id,
      `${first} ${second}`,
      pick(PEOPLE, index),
      pick(ZONES, index),
      index % 29 === 7 ? null : terms,
    );
  }),
);

function sample(id: string, company: string, name: string, timeZone: string, terms: Sample['plan']): Sample {
  return { id, company, name, email: addressOf(name, id), timeZone, plan: terms };
}

function addressOf(name: string, id: string): string {
  return `${name.split(' ')[0]?.toLowerCase().normalize('NFD').replace(/\W/g, '')}@${id}.example`;
}

function pick(from: readonly string[], index: number): string {
  return from[index % from.length] ?? '';
}

export async function writeSamples({ db, accountId, now }: SampleContext<Tables>): Promise<void> {
  const all = [...SPECIAL, ...EVERYDAY];
  const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
  const contacts = all.map(({ id, company, name, email, timeZone }, index) => ({
    account_id: accountId,
    id,
    company,
    name,
    email,
    phone: index % 4 === 0 ? null : `+1 555 01${String(index % 100).padStart(2, '0')}`,
    time_zone: timeZone,
    created_at: daysAgo(800 - index * 5),
  }));
  await db.insertInto('contacts').values(contacts).execute();
  const subscriptions = all.flatMap(({ id, timeZone, plan: terms }, index) => {
    if (terms === null) return [];
    const row = (endsInDays: number, status: SubscriptionStatus) => ({
      account_id: accountId,
      id: randomUUID(),
      contact_id: id,
      plan: terms.name,
      status,
      seats: terms.seats,
      price_cents: terms.seats * (PRICE_CENTS[terms.name] ?? 0),
      expires_on: sql<string>`(${now}::timestamptz at time zone ${timeZone})::date + ${endsInDays}::integer`,
      created_at: daysAgo(365 - terms.endsInDays),
    });
    // Every third has a year behind it already.
    const past = index % 3 === 0 ? [row(terms.endsInDays - 365, 'active')] : [];
    return [...past, row(terms.endsInDays, terms.status)];
  });
  await db.insertInto('subscriptions').values(subscriptions).execute();
}
