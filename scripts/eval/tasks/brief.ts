// The instructions of Seed's brief, word for word and with its scopes: the work that an agent is asked for in
// practice. Their checks are about what was done, as far as something is to be done.
import { pack as commerce } from '../../../examples/packs/commerce/pack.ts';
import { pack as crm } from '../../../examples/packs/crm/pack.ts';
import { pack as devops } from '../../../examples/packs/devops/pack.ts';
import { pack as healthcare } from '../../../examples/packs/healthcare/pack.ts';
import type { Pack } from '../../../src/pack/definition.ts';
import { KEY_AUDIT, MONTHLY_USAGE, WEBHOOK_ACTIVITY } from '../../../src/server/templates/own-templates.ts';
import {
  called,
  calledAbout,
  completed,
  must,
  nothingChanged,
  nothingElseChanged,
  number,
  says,
} from '../checks.ts';
import { changesOf } from '../tables.ts';
import type { EvalTask } from '../task.ts';
import { checkIntake } from './intake-check.ts';
import { checkOrders } from './order-check.ts';
import { addKey, addModelCall, addWebhookEvents } from './sample-keys.ts';
import { CONSUMERS, checkUsage } from './usage-check.ts';

/** The one that the pack brings. */
function templateOf({ name, templates: [template] = [] }: Pack) {
  if (!template) throw new Error(`the pack ${name} has no template`);
  return { instruction: template.instruction, scopes: template.scopes };
}

const EXPIRED = ['task:28f48ac5', 'task:aa3517b8'];
const STALE = ['old dashboard', 'intern laptop'];

export const BRIEF: readonly EvalTask[] = [
  {
    name: 'key-cleanup',
    kind: 'brief',
    instruction: 'Check our API key inventory and revoke any expired ones',
    scopes: ['keys:read', 'keys:write'],
    packs: [],
    prepare: async (world, account) => {
      const common = { createdDaysAgo: 200, usedDaysAgo: 20 };
      for (const name of ['old dashboard', 'ci 2024', 'ci 2025', 'load test', 'intern laptop']) {
        await addKey(world, account, { ...common, name, revokedDaysAgo: 10 });
      }
      await addKey(world, account, { ...common, name: 'billing service' });
      for (const name of EXPIRED) await addKey(world, account, { ...common, name, expiredDaysAgo: 2 });
    },
    check: (evidence) => {
      const { added = [] } = changesOf(evidence)['keys'] ?? {};
      const revoked = added.filter((key) => key['revoked_at'] !== null).map(({ name }) => String(name));
      return [
        ...completed(evidence),
        ...must(revoked.toSorted().join() === EXPIRED.join(), `revoked were: ${revoked.join(', ') || 'none'}`),
        ...must(added.length === revoked.length, 'other keys were changed'),
        ...nothingElseChanged(evidence, 'keys'),
      ];
    },
  },
  {
    name: 'key-audit',
    kind: 'brief',
    instruction: KEY_AUDIT.instruction,
    scopes: KEY_AUDIT.scopes,
    packs: [],
    prepare: async (world, account) => {
      await addKey(world, account, { name: 'billing service', createdDaysAgo: 200, usedDaysAgo: 2 });
      await addKey(world, account, { name: 'storefront', createdDaysAgo: 100, usedDaysAgo: 12 });
      await addKey(world, account, { name: 'old dashboard', createdDaysAgo: 300, usedDaysAgo: 95 });
      await addKey(world, account, { name: 'intern laptop', createdDaysAgo: 120, usedDaysAgo: null });
    },
    check: (evidence) => [
      ...completed(evidence),
      ...called(evidence, 'keys list'),
      ...STALE.flatMap((name) => says(evidence, name)),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'crm-renewal',
    kind: 'brief',
    ...templateOf(crm),
    packs: ['crm'],
    check: (evidence) => {
      const { added = [], removed = [] } = changesOf(evidence)['crm.emails'] ?? {};
      return [
        ...completed(evidence),
        ...called(evidence, 'subscriptions status', 'subscriptions list'),
        ...must(added.length === 1 && removed.length === 0, `${added.length} emails were drafted`),
        ...must(
          added.every((email) => email['to_address'] === 'jane@acme-corp.example'),
          `the email goes to ${added.map((email) => email['to_address']).join(', ')}`,
        ),
        ...nothingElseChanged(evidence, 'crm.emails'),
      ];
    },
  },
  {
    name: 'commerce-reorder',
    kind: 'brief',
    ...templateOf(commerce),
    packs: ['commerce'],
    check: (evidence) => [
      ...completed(evidence),
      ...called(evidence, 'inventory check'),
      ...checkOrders(evidence),
      ...nothingElseChanged(evidence, 'commerce.purchase_orders'),
    ],
  },
  {
    name: 'devops-incidents',
    kind: 'brief',
    ...templateOf(devops),
    packs: ['devops'],
    check: (evidence) => {
      const { added = [] } = changesOf(evidence)['devops.incidents'] ?? {};
      const reported = new Set(added.map((incident) => incident['environment_id']));
      return [
        ...completed(evidence),
        ...['production-eu', 'staging'].flatMap((environment) => [
          ...must(reported.has(environment), `no incident of ${environment} was created`),
          ...calledAbout(evidence, 'logs tail', environment),
        ]),
        ...must(added.length === 2, `${added.length} incidents were created`),
        ...nothingElseChanged(evidence, 'devops.incidents'),
      ];
    },
  },
  {
    name: 'monthly-usage',
    kind: 'brief',
    instruction: MONTHLY_USAGE.instruction,
    scopes: MONTHLY_USAGE.scopes,
    packs: [],
    prepare: async (world, account) => {
      for (const { name, ...used } of CONSUMERS) {
        const keyId = await addKey(world, account, { name, createdDaysAgo: 60, usedDaysAgo: 0 });
        await addModelCall(world, account, keyId, used);
      }
    },
    check: (evidence) => [...completed(evidence), ...checkUsage(evidence), ...nothingChanged(evidence)],
  },
  {
    name: 'webhook-activity',
    kind: 'brief',
    instruction: WEBHOOK_ACTIVITY.instruction,
    scopes: WEBHOOK_ACTIVITY.scopes,
    packs: [],
    prepare: async (world, account) => {
      for (const [type, count, daysAgo] of [
        ['key.revoked', 7, 2],
        ['task.completed', 23, 3],
        ['task.failed', 4, 1],
        // Longer ago than a week: it does not count.
        ['key.created', 60, 9],
      ] as const) {
        await addWebhookEvents(world, account, { type, count, daysAgo });
      }
    },
    check: (evidence) => [
      ...completed(evidence),
      ...called(evidence, 'webhooks events list'),
      ...says(evidence, 'task.completed'),
      ...says(evidence, number(23)),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'patient-intake',
    kind: 'brief',
    ...templateOf(healthcare),
    packs: ['healthcare'],
    check: (evidence) => [
      ...completed(evidence),
      ...checkIntake(evidence),
      ...nothingElseChanged(evidence, 'healthcare.records', 'healthcare.compliance_summaries'),
    ],
  },
];
