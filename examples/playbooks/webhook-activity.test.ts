import fc from 'fast-check';
import { nextStep } from 'seed/testing';
import { describe, expect, it } from 'vitest';
import { playbooks } from './playbooks.ts';
import { webhookActivity } from './webhook-activity.ts';

const TYPES = ['task.completed', 'task.failed', 'task.stopped', 'key.created', 'crm.contact_created'];
const REQUESTS = {
  items: [
    { group: 'tasks run', requests: 5 },
    { group: 'keys list', requests: 7 },
  ],
  totals: { requests: 12, refused: 1, failed: 2 },
};
const event = (type: string, timestamp = '2026-11-20T10:00:00.000Z') => ({
  id: 'x',
  seq: 1,
  type,
  timestamp,
  data: {},
});

/** A platform for the agent's commands; `override` answers instead where it returns something. */
function play(
  events: object[],
  requests: { items: object[]; totals: object } = REQUESTS,
  override: (command: string) => string | undefined = () => undefined,
) {
  const commands: string[] = [];
  const messages: { role: string; content: string }[] = [{ role: 'user', content: webhookActivity.example }];
  const run = (command: string): string => {
    const [, limit, cursor] = /--limit (\d+)(?: --cursor (\d+))?/.exec(command) ?? [];
    if (command.includes('seed obs'))
      return JSON.stringify({ ...requests, items: requests.items.length, cut: 0, missingBefore: null });
    const [, begin, end] = /\.items\[(\d+):(\d+)\]/.exec(command) ?? [];
    if (begin !== undefined) return JSON.stringify({ items: requests.items.slice(Number(begin), Number(end)) });
    const [from, to] = [Number(cursor ?? 0), Number(cursor ?? 0) + Number(limit)];
    const nextCursor = to < events.length ? String(to) : null;
    return JSON.stringify({ items: events.slice(from, to), nextCursor });
  };
  for (;;) {
    const step = nextStep(messages, playbooks);
    if (step.kind === 'answer') return { answer: step.text, commands };
    commands.push(step.command);
    messages.push({ role: 'assistant', content: '' });
    messages.push({ role: 'tool', content: override(step.command) ?? run(step.command) });
  }
}

describe('the summary', () => {
  it('says what happened, what was called, and what happened most', () => {
    const { answer, commands } = play([
      ...[1, 2, 3].map(() => event('task.completed')),
      event('task.failed', '2026-11-19T23:59:59.999Z'),
      event('key.created', '2026-11-19T00:00:00.000Z'),
    ]);
    expect(commands).toEqual([
      'seed webhooks events list --since 7d --json --limit 100',
      "seed obs requests --by command --since 7d --json > requests.json && jq -c '.items |= length' requests.json",
      "jq -c '{items: .items[0:50]}' requests.json",
    ]);
    expect(answer).toBe(
      [
        'Platform activity of the last 7 days',
        '',
        '5 webhook events of 3 types. Most active: task.completed (3).',
        '- task.completed: 3 (60 %)',
        '- key.created: 1 (20 %)',
        '- task.failed: 1 (20 %)',
        'Busiest day: 2026-11-20, 3 events.',
        'Tasks: 4 ended, 3 completed (75 %), 1 failed, 0 stopped.',
        '',
        '12 requests, 1 refused, 2 failed. Most called: keys list (7), tasks run (5).',
      ].join('\n'),
    );
  });

  it('counts what is there, over any number of pages', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 260 }), (types) => {
        const { answer, commands } = play(types.map((type) => event(type)));
        expect(commands).toHaveLength(Math.ceil(types.length / 100) + 2);
        for (const type of TYPES) {
          const count = types.filter((one) => one === type).length;
          const told = new RegExp(`^- ${type.replace('.', '\\.')}: (\\d+) `, 'm').exec(answer)?.[1];
          expect(Number(told ?? 0)).toBe(count);
        }
        expect(answer).toContain(`${types.length} webhook event`);
      }),
      { numRuns: 30 },
    );
  });

  it('of nothing says so', () => {
    const { answer } = play([], { items: [], totals: { requests: 0, refused: 0, failed: 0 } });
    expect(answer).toBe('Platform activity of the last 7 days\n\nNo webhook events.\n\nNo requests.');
  });
});

describe('what cannot be read', () => {
  const refused = (name: string, scope: string) =>
    `error: "${name}" needs the scope ${scope}, which this key lacks\n\nCommand exited with code 4`;

  it('is named with the scope that is missing', () => {
    const { answer } = play([], REQUESTS, () => refused('webhooks events list', 'webhooks:read'));
    expect(answer).toBe('Could not read the webhook event history: this key lacks the scope webhooks:read.');
    const half = play([event('key.created')], REQUESTS, (command) =>
      command.includes('obs') ? refused('obs requests', 'obs:read') : undefined,
    );
    expect(half.answer).toContain('1 webhook event of 1 type. Most active: key.created (1).');
    expect(half.answer).toContain('What was called could not be read: this key lacks the scope obs:read.');
  });

  it('a page that the agent cuts is asked for again, smaller', () => {
    const events = Array.from({ length: 30 }, () => event('key.created'));
    const { answer, commands } = play(events, REQUESTS, (command) =>
      command.includes('--limit 100') ? '[… lines 21 to 280 of 300 left out; all are in out …]' : undefined,
    );
    expect(commands.slice(0, 3).map((command) => /--limit \d+.*/.exec(command)?.[0])).toEqual([
      '--limit 100',
      '--limit 25',
      '--limit 25 --cursor 25',
    ]);
    expect(answer).toContain('- key.created: 30 (100 %)');
  });
});

it.each<[boolean, string]>([
  [true, webhookActivity.example],
  [true, 'Summarize this week’s webhook events'],
  [false, 'Replay the failed webhook events of the last 7 days and report'],
  [true, 'Report on the webhook events of the last 30 days'],
  [false, 'Review our webhook event history'],
  [false, 'Delete old webhook events every week and summarise'],
  [false, 'Write a weekly report about our customers'],
])('recognised: %s: %s', (recognised, instruction) => {
  expect(webhookActivity.recognises(instruction)).toBe(recognised);
});
