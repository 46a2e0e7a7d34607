// Emails that are drafted and wait for somebody to send them.
import { newestFirst, pageInput, pageOf, SeedError, z } from 'seed/pack';
import { defineCommand } from '../tables.ts';
import { ContactId, noContact } from './contacts.ts';

const Email = z.object({
  id: z.uuid(),
  contactId: z.string(),
  to: z.string(),
  subject: z.string(),
  body: z.string(),
  status: z.literal('draft'),
  taskId: z.uuid().nullable().describe('The task that drafted it'),
  createdAt: z.iso.datetime(),
});

interface EmailRow {
  id: string;
  contact_id: string;
  to_address: string;
  subject: string;
  body: string;
  task_id: string | null;
  created_at: Date;
}

const toEmail = (row: EmailRow) => ({
  id: row.id,
  contactId: row.contact_id,
  to: row.to_address,
  subject: row.subject,
  body: row.body,
  status: 'draft' as const,
  taskId: row.task_id,
  createdAt: row.created_at.toISOString(),
});

export const draftEmail = defineCommand({
  name: 'emails draft',
  // Never to an address that the caller names: an agent that was talked into it could send what it has read
  // anywhere.
  summary: "Draft an email to a contact's own address; nothing is sent",
  http: 'POST /contacts/{contactId}/emails',
  scope: 'emails:write',
  effect: 'write',
  creates: true,
  input: z.object({
    contactId: ContactId,
    subject: z.string().trim().min(1).max(200).describe('Subject of the email'),
    body: z.string().trim().min(1).max(10_000).describe('Text of the email'),
  }),
  output: z.object({ email: Email }),
  successStatus: 201,
  examples: [
    'seed emails draft acme-corp --subject "Your plan ends on 2026-12-03" --body "Hello Jane, …"',
    'seed emails draft acme-corp --subject "Your plan" --body - < text.txt',
  ],
  run: async ({ contactId, subject, body }, { db, account, actor, clock, creationId }) => {
    const contact = await db
      .selectFrom('contacts')
      .select('email')
      .where('account_id', '=', account.id)
      .where('id', '=', contactId)
      .executeTakeFirst();
    if (!contact) throw noContact(contactId);
    if (contact.email === null) {
      throw new SeedError('conflict', `the contact "${contactId}" has no email address`, {
        hint: 'Nothing was drafted. Say so: somebody has to ask the customer for an address.',
      });
    }
    const row = await db
      .insertInto('emails')
      .values({
        account_id: account.id,
        id: creationId,
        contact_id: contactId,
        to_address: contact.email,
        subject,
        body,
        task_id: actor.taskId,
        created_at: clock.now(),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { email: toEmail(row) };
  },
});

export const listEmails = defineCommand({
  name: 'emails list',
  summary: 'List drafted emails, newest first',
  http: 'GET /emails',
  scope: 'emails:read',
  effect: 'read',
  reads: 'private',
  input: z.object({ contactId: ContactId.optional(), ...pageInput }),
  output: pageOf(Email),
  columns: ['contactId', 'to', 'subject', 'status', 'createdAt'],
  examples: ['seed emails list', 'seed emails list --contact-id acme-corp'],
  run: ({ contactId, ...page }, { db, account }) => {
    const all = db.selectFrom('emails').selectAll().where('account_id', '=', account.id);
    return newestFirst(contactId === undefined ? all : all.where('contact_id', '=', contactId), page, toEmail);
  },
});
