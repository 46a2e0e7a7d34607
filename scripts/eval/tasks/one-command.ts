// Tasks that one command does. The first three are those that every model must manage: the date, a file, one
// record by its name.
import {
  called,
  calledAbout,
  completed,
  leaves,
  must,
  nothingChanged,
  nothingElseChanged,
  number,
  says,
} from '../checks.ts';
import { changesOf } from '../tables.ts';
import type { EvalTask } from '../task.ts';

export const ONE_COMMAND: readonly EvalTask[] = [
  {
    name: 'date',
    kind: 'one command',
    instruction: 'What is the date today, in UTC? Answer with the date as YYYY-MM-DD.',
    scopes: [],
    packs: [],
    check: (evidence) => {
      const { startedAt, completedAt } = evidence.task;
      const days = [startedAt, completedAt].map((time) => time?.slice(0, 10) ?? 'no day');
      return [
        ...completed(evidence),
        ...(says(evidence, days[0] ?? '').length > 0 ? says(evidence, days[1] ?? '') : []),
        ...nothingChanged(evidence),
      ];
    },
  },
  {
    name: 'write-file',
    kind: 'one command',
    instruction: 'Write a file named hello.txt with the text "Hello from Seed" into /workspace/out.',
    scopes: [],
    packs: [],
    check: (evidence) => [
      ...completed(evidence),
      ...leaves(evidence, 'hello.txt', (text) =>
        must(text.trim() === 'Hello from Seed', `hello.txt holds ${text}`),
      ),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'contact-email',
    kind: 'one command',
    instruction: 'What is the email address of the contact acme-corp?',
    scopes: ['contacts:read'],
    packs: ['crm'],
    check: (evidence) => [
      ...completed(evidence),
      ...called(evidence, 'contacts get', 'contacts list'),
      ...says(evidence, 'jane@acme-corp.example'),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'product-supplier',
    kind: 'one command',
    instruction: 'Who is the supplier of the product KI-1002?',
    scopes: ['products:read'],
    packs: ['commerce'],
    check: (evidence) => [
      ...completed(evidence),
      ...called(evidence, 'products get', 'products list'),
      ...says(evidence, /casa trade/i),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'days-left',
    kind: 'one command',
    instruction: 'In how many days does the subscription of globex end?',
    scopes: ['subscriptions:read'],
    packs: ['crm'],
    check: (evidence) => [
      ...completed(evidence),
      ...called(evidence, 'subscriptions status', 'subscriptions list'),
      ...says(evidence, number(14)),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'count-users',
    kind: 'one command',
    instruction: 'How many users does the shop have?',
    scopes: ['users:read'],
    packs: ['commerce'],
    check: (evidence) => [
      ...completed(evidence),
      ...called(evidence, 'users list'),
      ...says(evidence, /\b(?:6|six)\b/i),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'filtered-list',
    kind: 'one command',
    instruction:
      "Which products of the category 'toys' are below their reorder threshold? Answer with their SKUs.",
    scopes: ['inventory:read'],
    packs: ['commerce'],
    check: (evidence) => [
      ...completed(evidence),
      ...called(evidence, 'inventory check'),
      ...says(evidence, 'TO-1011'),
      // The whole list is no answer.
      ...must(new Set(evidence.task.stdout?.match(/\bTO-\d{4}\b/g)).size === 1, 'the answer names other products'),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'failing-check',
    kind: 'one command',
    instruction: 'Which health check of the environment staging is failing?',
    scopes: ['deployments:read'],
    packs: ['devops'],
    check: (evidence) => [
      ...completed(evidence),
      ...calledAbout(evidence, 'health check', 'staging'),
      ...says(evidence, /\bqueue\b/i),
      ...nothingChanged(evidence),
    ],
  },
  {
    name: 'set-price',
    kind: 'one command',
    instruction: 'Set the price of the product EL-1003 to 19.99 dollars.',
    scopes: ['pricing:read', 'pricing:write'],
    packs: ['commerce'],
    check: (evidence) => {
      const { added = [], removed = [] } = changesOf(evidence)['commerce.products'] ?? {};
      const row = added[0];
      return [
        ...completed(evidence),
        ...called(evidence, 'pricing set'),
        ...must(added.length === 1 && removed.length === 1, `${added.length} products changed`),
        ...must(
          row?.['sku'] === 'EL-1003' && row['price_cents'] === 1999,
          `${row?.['sku'] ?? 'nothing'} costs ${row?.['price_cents'] ?? 0} cents now`,
        ),
        ...nothingElseChanged(evidence, 'commerce.products'),
      ];
    },
  },
  {
    name: 'draft-email',
    kind: 'one command',
    instruction: 'Draft an email to the contact globex with the subject "Hello" and the body "Shall we talk?".',
    scopes: ['contacts:read', 'emails:read', 'emails:write'],
    packs: ['crm'],
    check: (evidence) => {
      const { added = [], removed = [] } = changesOf(evidence)['crm.emails'] ?? {};
      const email = added[0];
      return [
        ...completed(evidence),
        ...called(evidence, 'emails draft'),
        ...must(added.length === 1 && removed.length === 0, `${added.length} emails were drafted`),
        ...must(
          email?.['contact_id'] === 'globex' && email['subject'] === 'Hello' && email['body'] === 'Shall we talk?',
          `the email is to ${email?.['contact_id']}: ${email?.['subject']} / ${email?.['body']}`,
        ),
        ...nothingElseChanged(evidence, 'crm.emails'),
      ];
    },
  },
  {
    name: 'read-file',
    kind: 'one command',
    instruction: 'What is the order number in the file /workspace/in/note.txt?',
    scopes: [],
    packs: [],
    files: { 'note.txt': 'Dear team,\nthe order 471193 has still not come.\nRegards, Ada\n' },
    check: (evidence) => [...completed(evidence), ...says(evidence, number(471193)), ...nothingChanged(evidence)],
  },
  {
    name: 'count-lines',
    kind: 'one command',
    instruction: 'How many lines does the file /workspace/in/names.csv have?',
    scopes: [],
    packs: [],
    files: { 'names.csv': Array.from({ length: 137 }, (_, line) => `${line},name ${line}\n`).join('') },
    check: (evidence) => [...completed(evidence), ...says(evidence, number(137)), ...nothingChanged(evidence)],
  },
];
