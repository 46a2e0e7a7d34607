// Tasks of two or three steps: the second needs what the first told.
import { called, completed, leaves, must, nothingChanged, nothingElseChanged, says } from '../checks.ts';
import { changesOf } from '../tables.ts';
import type { EvalTask, Evidence, Problems } from '../task.ts';
import { addKey } from './sample-keys.ts';

export const SEVERAL_STEPS: readonly EvalTask[] = [
  {
    name: 'revoke-by-name',
    kind: 'several steps',
    instruction: "Revoke the API key named 'ci 2024'.",
    scopes: ['keys:read', 'keys:write'],
    packs: [],
    prepare: async (world, account) => {
      for (const name of ['billing service', 'ci 2024', 'ci 2025', 'load test']) {
        await addKey(world, account, { name, createdDaysAgo: 90, usedDaysAgo: 3 });
      }
    },
    check: (evidence) => {
      const { added = [] } = changesOf(evidence)['keys'] ?? {};
      return [
        ...completed(evidence),
        ...called(evidence, 'keys revoke'),
        ...must(added.length === 1 && added[0]?.['name'] === 'ci 2024', changed('keys', added)),
        ...must(
          added.every((key) => key['revoked_at'] !== null),
          'the key is not revoked',
        ),
        ...nothingElseChanged(evidence, 'keys'),
      ];
    },
  },
  {
    name: 'remove-user',
    kind: 'several steps',
    instruction: 'Remove the user Ben Achterberg from the shop.',
    scopes: ['users:read', 'users:write'],
    packs: ['commerce'],
    check: (evidence) => {
      const { added = [], removed = [] } = changesOf(evidence)['commerce.users'] ?? {};
      return [
        ...completed(evidence),
        ...must(added.length === 0 && removed.length === 1, `${removed.length} users were removed`),
        ...must(
          removed.every((user) => user['name'] === 'Ben Achterberg'),
          changed('users', removed),
        ),
        ...nothingElseChanged(evidence, 'commerce.users'),
      ];
    },
  },
  {
    name: 'order-if-low',
    kind: 'several steps',
    instruction:
      'If less of the product KI-1002 (category kitchen) is available than its reorder threshold, create a purchase order for 40 pieces of it. Otherwise change nothing.',
    scopes: ['inventory:read', 'purchase-orders:write'],
    packs: ['commerce'],
    check: (evidence) => {
      const { added = [] } = changesOf(evidence)['commerce.purchase_orders'] ?? {};
      const order = added[0];
      return [
        ...completed(evidence),
        ...must(added.length === 1, `${added.length} purchase orders were created`),
        ...must(
          order?.['sku'] === 'KI-1002' && order['quantity'] === 40,
          `the order is of ${order?.['quantity']} ${order?.['sku']}`,
        ),
        ...nothingElseChanged(evidence, 'commerce.purchase_orders'),
      ];
    },
  },
  {
    name: 'order-only-if-low',
    kind: 'several steps',
    instruction:
      'If less of the product KI-1001 (category kitchen) is available than its reorder threshold, create a purchase order for 40 pieces of it. Otherwise change nothing.',
    scopes: ['inventory:read', 'purchase-orders:write'],
    packs: ['commerce'],
    check: (evidence) => [
      ...completed(evidence),
      ...called(evidence, 'inventory check'),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'which-ends-first',
    kind: 'several steps',
    instruction: 'Whose subscription ends first: that of initech or that of hooli? Answer with the name alone.',
    scopes: ['subscriptions:read'],
    packs: ['crm'],
    check: (evidence) => [
      ...completed(evidence),
      ...called(evidence, 'subscriptions status', 'subscriptions list'),
      ...says(evidence, /^\W*hooli\W*$/i),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'emails-to-file',
    kind: 'several steps',
    instruction:
      'Write the email addresses of the contacts acme-corp and globex into the file /workspace/out/emails.txt, one a line.',
    scopes: ['contacts:read'],
    packs: ['crm'],
    check: (evidence) => [
      ...completed(evidence),
      ...leaves(evidence, 'emails.txt', (text) => {
        const lines = text.split('\n').flatMap((line) => line.trim() || []);
        const expected = ['hank@globex.example', 'jane@acme-corp.example'];
        return must(lines.toSorted().join() === expected.join(), `emails.txt holds ${lines.join(', ')}`);
      }),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'users-to-csv',
    kind: 'several steps',
    instruction:
      'Write a CSV file /workspace/out/users.csv with the columns name and role, with a line for every user of the shop.',
    scopes: ['users:read'],
    packs: ['commerce'],
    check: (evidence) => [
      ...completed(evidence),
      ...leaves(evidence, 'users.csv', (text) => usersIn(text, evidence)),
      ...nothingChanged(evidence),
    ],
  },
];

function usersIn(text: string, { before }: Evidence): Problems {
  const lines = text.split(/\r?\n/).flatMap(
    (line) =>
      line
        .trim()
        .replaceAll('"', '')
        .replace(/\s*,\s*/g, ',') || [],
  );
  const expected = (before['commerce.users'] ?? []).map(({ name, role }) => `${name},${role}`);
  return [
    ...must(/^name,role$/i.test(lines[0] ?? ''), `the first line is ${lines[0]}`),
    ...must(
      lines.slice(1).toSorted().join('\n') === expected.toSorted().join('\n'),
      'its lines are not the users',
    ),
  ];
}

const changed = (what: string, rows: readonly Record<string, unknown>[]) =>
  `of ${what} these changed: ${rows.map(({ name }) => name).join(', ') || 'none'}`;
