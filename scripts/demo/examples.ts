// The brief's examples: for each the instruction and scopes as the brief has them, and what to show around the task.
// Another example is another entry.
import { createInventory } from './inventory.ts';
import { type Connection, call } from './show.ts';

export interface Example {
  /** `npm run demo -- <name>` */
  name: string;
  title: string;
  instruction: string;
  scopes: readonly string[];
  timeoutMs: number;
  /** Makes what it works on. */
  prepare(connection: Connection): Promise<void>;
  /** What shows the state that it changes, before and after. */
  shows: readonly string[][];
}

function samplesOf(pack: string) {
  return async (connection: Connection) => {
    await call(connection, 'POST', `/packs/${pack}/samples`);
  };
}

export const EXAMPLES: readonly Example[] = [
  {
    name: 'saas',
    title: 'SaaS',
    instruction:
      "Audit our API key usage. List all keys, check which ones haven't been used in 30 days, and generate a cleanup recommendation.",
    scopes: ['keys:read', 'obs:read'],
    timeoutMs: 60_000,
    prepare: createInventory,
    shows: [['keys', 'list']],
  },
  {
    name: 'crm',
    title: 'CRM',
    instruction:
      'Look up the contact record for acme-corp, check their subscription status, and draft a renewal email if their plan expires within 14 days.',
    scopes: ['contacts:read', 'subscriptions:read', 'emails:write'],
    timeoutMs: 60_000,
    prepare: samplesOf('crm'),
    shows: [
      ['contacts', 'list', '--q', 'acme'],
      ['subscriptions', 'list', '--expires-within-days', '14'],
      ['emails', 'list'],
    ],
  },
  {
    name: 'commerce',
    title: 'E-commerce',
    instruction:
      "Check inventory levels for all products in the 'electronics' category. Flag anything below reorder threshold and create purchase orders for the top 5 most critical items.",
    scopes: ['inventory:read', 'purchase-orders:write'],
    timeoutMs: 60_000,
    prepare: samplesOf('commerce'),
    shows: [
      ['inventory', 'check', '--category', 'electronics', '--below-threshold'],
      ['purchase-orders', 'list', '--status', 'open'],
    ],
  },
  {
    name: 'devops',
    title: 'DevOps',
    instruction:
      'Check the health of all our deployment environments. If any are failing health checks, gather the last 50 log lines and create an incident report.',
    scopes: ['deployments:read', 'logs:read', 'incidents:write'],
    timeoutMs: 60_000,
    prepare: samplesOf('devops'),
    shows: [
      ['environments', 'list'],
      ['incidents', 'list', '--status', 'open'],
    ],
  },
  {
    name: 'finance',
    title: 'Finance',
    instruction:
      'Generate a monthly usage report for all API consumers. Calculate per-consumer costs based on their token usage and output a CSV summary.',
    scopes: ['obs:read', 'keys:read'],
    timeoutMs: 60_000,
    // The month's usage is what was done on this Seed so far.
    prepare: async () => {},
    shows: [['obs', 'costs', '--by', 'key']],
  },
  {
    name: 'content',
    title: 'Content',
    instruction:
      'Review our webhook event history from the last 7 days. Identify the most active event types and generate a weekly platform activity summary for the team.',
    scopes: ['webhooks:read', 'obs:read'],
    timeoutMs: 60_000,
    // Seed's own events are history enough: keys and tasks of this Seed so far.
    prepare: async () => {},
    shows: [['webhooks', 'events', 'list', '--limit', '10']],
  },
  {
    name: 'healthcare',
    title: 'Healthcare',
    instruction:
      'Process the batch of patient intake forms uploaded today. Validate required fields, flag incomplete records, and generate a compliance summary.',
    scopes: ['records:read', 'records:write', 'compliance:write'],
    timeoutMs: 180_000,
    prepare: samplesOf('healthcare'),
    shows: [
      ['batches', 'list'],
      ['compliance', 'list'],
    ],
  },
];
