// The brief's examples: for each what to show around the task. Instruction and scopes are those of the templates.
// Another example is another entry.
import { pack as commerce } from '../../examples/packs/commerce/pack.ts';
import { pack as crm } from '../../examples/packs/crm/pack.ts';
import { pack as devops } from '../../examples/packs/devops/pack.ts';
import { pack as healthcare } from '../../examples/packs/healthcare/pack.ts';
import type { Pack } from '../../src/pack/definition.ts';
import { KEY_AUDIT, MONTHLY_USAGE, WEBHOOK_ACTIVITY } from '../../src/server/templates/own-templates.ts';
import { createInventory } from './key-cleanup.ts';
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

/** The one that the pack brings. */
function templateOf({ name, templates: [template] = [] }: Pack) {
  if (!template) throw new Error(`the pack ${name} has no template`);
  return template;
}

export const EXAMPLES: readonly Example[] = [
  {
    ...KEY_AUDIT,
    name: 'saas',
    title: 'SaaS',
    timeoutMs: 60_000,
    prepare: (connection) => createInventory(connection),
    shows: [['keys', 'list']],
  },
  {
    ...templateOf(crm),
    name: 'crm',
    title: 'CRM',
    timeoutMs: 60_000,
    prepare: samplesOf('crm'),
    shows: [
      ['contacts', 'list', '--q', 'acme'],
      ['subscriptions', 'list', '--expires-within-days', '14'],
      ['emails', 'list'],
    ],
  },
  {
    ...templateOf(commerce),
    name: 'commerce',
    title: 'E-commerce',
    timeoutMs: 60_000,
    prepare: samplesOf('commerce'),
    shows: [
      ['inventory', 'check', '--category', 'electronics', '--below-threshold'],
      ['purchase-orders', 'list', '--status', 'open'],
    ],
  },
  {
    ...templateOf(devops),
    name: 'devops',
    title: 'DevOps',
    timeoutMs: 60_000,
    prepare: samplesOf('devops'),
    shows: [
      ['environments', 'list'],
      ['incidents', 'list', '--status', 'open'],
    ],
  },
  {
    ...MONTHLY_USAGE,
    name: 'finance',
    title: 'Finance',
    timeoutMs: 60_000,
    // The month's usage is what was done on this Seed so far.
    prepare: async () => {},
    shows: [['obs', 'costs', '--by', 'key']],
  },
  {
    ...WEBHOOK_ACTIVITY,
    name: 'content',
    title: 'Content',
    timeoutMs: 60_000,
    // Seed's own events are history enough: keys and tasks of this Seed so far.
    prepare: async () => {},
    shows: [['webhooks', 'events', 'list', '--limit', '10']],
  },
  {
    ...templateOf(healthcare),
    name: 'healthcare',
    title: 'Healthcare',
    timeoutMs: 180_000,
    prepare: samplesOf('healthcare'),
    shows: [
      ['uploads', 'list'],
      ['compliance', 'list'],
    ],
  },
];
