// The tables as kysely sees them; migrations/ makes them.
import { commandsOn } from 'seed/pack';

interface ContactsTable {
  account_id: string;
  id: string;
  company: string;
  name: string;
  email: string | null;
  phone: string | null;
  time_zone: string;
  created_at: Date;
}

export type SubscriptionStatus = 'active' | 'past_due' | 'cancelled';

interface SubscriptionsTable {
  account_id: string;
  id: string;
  contact_id: string;
  plan: string;
  status: SubscriptionStatus;
  seats: number;
  price_cents: number;
  /** A date, written as 2026-11-30. */
  expires_on: string;
  created_at: Date;
}

interface EmailsTable {
  account_id: string;
  id: string;
  contact_id: string;
  to_address: string;
  subject: string;
  body: string;
  task_id: string | null;
  created_at: Date;
}

export interface Tables {
  contacts: ContactsTable;
  subscriptions: SubscriptionsTable;
  emails: EmailsTable;
}

export const defineCommand = commandsOn<Tables>();
