// What the customers have subscribed to, and until when.
import { orderedBy, orderedPageInput, type PackContext, pageOf, sql, z } from 'seed/pack';
import { defineCommand, type SubscriptionStatus, type Tables } from '../tables.ts';
import { ContactId, noContact } from './contacts.ts';

const Subscription = z.object({
  id: z.uuid(),
  contactId: z.string(),
  plan: z.string(),
  status: z.enum(['active', 'past_due', 'cancelled']),
  seats: z.int(),
  price: z.number().describe('US dollars a year'),
  expiresOn: z.iso.date().describe("Its last day, in the customer's time zone"),
  daysLeft: z.int().describe('From today there until its last day; 0: today, less: it has expired'),
});

interface SubscriptionRow {
  id: string;
  contact_id: string;
  plan: string;
  status: SubscriptionStatus;
  seats: number;
  price_cents: number;
  expires_on: string;
  days_left: number;
}

const toSubscription = (row: SubscriptionRow) => ({
  id: row.id,
  contactId: row.contact_id,
  plan: row.plan,
  status: row.status,
  seats: row.seats,
  price: row.price_cents / 100,
  expiresOn: row.expires_on,
  daysLeft: row.days_left,
});

/** Of each contact the subscription that ends last: the others are its past. */
function currentSubscriptions({ db, account, clock }: PackContext<Tables>) {
  const today = sql`(${clock.now()}::timestamptz at time zone contacts.time_zone)::date`;
  const current = db
    .selectFrom('subscriptions')
    .innerJoin('contacts', (join) =>
      join
        .onRef('contacts.account_id', '=', 'subscriptions.account_id')
        .onRef('contacts.id', '=', 'subscriptions.contact_id'),
    )
    .distinctOn('subscriptions.contact_id')
    .select(['subscriptions.id', 'contact_id', 'plan', 'status', 'seats', 'price_cents'])
    .select([sql<string>`expires_on::text`.as('expires_on'), sql<number>`expires_on - ${today}`.as('days_left')])
    .where('subscriptions.account_id', '=', account.id)
    .orderBy('subscriptions.contact_id')
    .orderBy('subscriptions.expires_on', 'desc')
    .orderBy('subscriptions.id');
  return db.selectFrom(current.as('current')).selectAll();
}

export const subscriptionStatus = defineCommand({
  name: 'subscriptions status',
  summary: "Show a contact's subscription and how many days are left of it",
  http: 'GET /subscriptions/{contactId}',
  scope: 'subscriptions:read',
  effect: 'read',
  reads: 'private',
  input: z.object({ contactId: ContactId }),
  output: z.object({ subscription: Subscription.nullable().describe('Null: the contact never had one') }),
  examples: ['seed subscriptions status acme-corp'],
  run: async ({ contactId }, ctx) => {
    const contact = await ctx.db
      .selectFrom('contacts')
      .select('id')
      .where('account_id', '=', ctx.account.id)
      .where('id', '=', contactId)
      .executeTakeFirst();
    if (!contact) throw noContact(contactId);
    const row = await currentSubscriptions(ctx).where('contact_id', '=', contactId).executeTakeFirst();
    return { subscription: row ? toSubscription(row) : null };
  },
});

export const listSubscriptions = defineCommand({
  name: 'subscriptions list',
  summary: 'List the current subscription of every contact, in the order of the contacts',
  http: 'GET /subscriptions',
  scope: 'subscriptions:read',
  effect: 'read',
  reads: 'private',
  input: z.object({
    expiresWithinDays: z
      .int()
      .min(0)
      .max(3650)
      .optional()
      .describe('Only those that end today or within so many days'),
    ...orderedPageInput,
  }),
  output: pageOf(Subscription),
  columns: ['contactId', 'plan', 'status', 'seats', 'expiresOn', 'daysLeft'],
  examples: ['seed subscriptions list --expires-within-days 14'],
  run: ({ expiresWithinDays: days, ...page }, ctx) => {
    const all = currentSubscriptions(ctx);
    const query = days === undefined ? all : all.where('days_left', '>=', 0).where('days_left', '<=', days);
    return orderedBy(query, 'contact_id', page, toSubscription);
  },
});

export const markOverdue = defineCommand({
  name: 'subscriptions mark-overdue',
  summary: "Mark the active subscriptions whose last day is over as past due, in each customer's own calendar",
  http: 'POST /overdue-subscriptions',
  scope: 'subscriptions:write',
  effect: 'write',
  schedule: '0 7 * * *',
  input: z.object({}),
  output: z.object({ marked: z.int().describe('How many there were') }),
  examples: ['seed subscriptions mark-overdue', 'seed schedules enable crm'],
  run: async (_input, ctx) => {
    const { db, account, emit } = ctx;
    const over = await currentSubscriptions(ctx)
      .where('days_left', '<', 0)
      .where('status', '=', 'active')
      .execute();
    for (const { id, contact_id: contactId, expires_on: expiresOn } of over) {
      await db
        .updateTable('subscriptions')
        .set({ status: 'past_due' })
        .where('account_id', '=', account.id)
        .where('id', '=', id)
        .execute();
      emit('subscription.overdue', { subscriptionId: id, contactId, expiresOn });
    }
    return { marked: over.length };
  },
});
