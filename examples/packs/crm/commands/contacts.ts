// Who the customers are.
import { orderedBy, orderedPageInput, pageOf, SeedError, z } from 'seed/pack';
import { defineCommand } from '../tables.ts';

export const ContactId = z
  .string()
  .min(1)
  .max(80)
  .meta({ examples: ['acme-corp'] })
  .describe('Id of the contact, such as acme-corp');

const Contact = z.object({
  id: z.string(),
  company: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  timeZone: z.string(),
  createdAt: z.iso.datetime(),
});

export function noContact(id: string): SeedError {
  const hint = 'seed contacts list --q <part of the name> finds contacts.';
  return new SeedError('not_found', `there is no contact "${id}"`, { hint });
}

interface ContactRow {
  id: string;
  company: string;
  name: string;
  email: string | null;
  phone: string | null;
  time_zone: string;
  created_at: Date;
}

const toContact = ({ time_zone, created_at, id, company, name, email, phone }: ContactRow) => ({
  id,
  company,
  name,
  email,
  phone,
  timeZone: time_zone,
  createdAt: created_at.toISOString(),
});

export const getContact = defineCommand({
  name: 'contacts get',
  summary: 'Show a contact',
  http: 'GET /contacts/{id}',
  scope: 'contacts:read',
  effect: 'read',
  reads: 'private',
  input: z.object({ id: ContactId }),
  output: z.object({ contact: Contact }),
  examples: ['seed contacts get acme-corp'],
  run: async ({ id }, { db, account }) => {
    const row = await db
      .selectFrom('contacts')
      .selectAll()
      .where('account_id', '=', account.id)
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row) throw noContact(id);
    return { contact: toContact(row) };
  },
});

export const listContacts = defineCommand({
  name: 'contacts list',
  summary: 'List contacts in the order of their ids',
  http: 'GET /contacts',
  scope: 'contacts:read',
  effect: 'read',
  reads: 'private',
  input: z.object({
    q: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .optional()
      .describe('Only those with this in their id, company, name or email'),
    ...orderedPageInput,
  }),
  output: pageOf(Contact),
  columns: ['id', 'company', 'name', 'email', 'timeZone'],
  examples: ['seed contacts list', 'seed contacts list --q acme --json'],
  run: ({ q, ...page }, { db, account }) => {
    const all = db.selectFrom('contacts').selectAll().where('account_id', '=', account.id);
    const wanted = q?.toLowerCase();
    const query =
      wanted === undefined
        ? all
        : all.where(({ or, eb, fn }) =>
            or(
              (['id', 'company', 'name', 'email'] as const).map((column) =>
                eb(fn<number>('strpos', [fn('lower', [column]), eb.val(wanted)]), '>', 0),
              ),
            ),
          );
    return orderedBy(query, 'id', page, toContact);
  },
});
