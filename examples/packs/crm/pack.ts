// Customer relationship management: contacts, their subscriptions, emails to them.
import { definePack } from 'seed/pack';
import { getContact, listContacts } from './commands/contacts.ts';
import { draftEmail, listEmails } from './commands/emails.ts';
import { listSubscriptions, markOverdue, subscriptionStatus } from './commands/subscriptions.ts';
import { renewal } from './renewal.ts';
import { writeSamples } from './samples.ts';
import type { Tables } from './tables.ts';

export const pack = definePack<Tables>({
  name: 'crm',
  title: 'Customers',
  commands: [listContacts, getContact, listSubscriptions, subscriptionStatus, markOverdue, listEmails, draftEmail],
  events: [{ name: 'subscription.overdue', summary: 'The last day of an active subscription is over' }],
  samples: writeSamples,
  templates: [
    {
      title: 'Renewal email',
      instruction: renewal.example,
      scopes: ['contacts:read', 'subscriptions:read', 'emails:write'],
    },
  ],
  playbooks: [renewal],
});
