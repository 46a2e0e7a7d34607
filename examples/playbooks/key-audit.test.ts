import fc from 'fast-check';
import { nextStep } from 'seed/testing';
import { describe, expect, it } from 'vitest';
import { type AuditedKey, describeAudit, keyAudit } from './key-audit.ts';
import { playbooks } from './playbooks.ts';

const key = (n: number, changes: Partial<AuditedKey> = {}): AuditedKey => ({
  id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  name: `key ${n}`,
  status: 'active',
  createdAt: '2026-01-02T00:00:00.000Z',
  lastUsedAt: null,
  ...changes,
});
const calls = { byKey: new Map(), totals: { requests: 0 }, cut: 0 };

describe('recognises', () => {
  it.each([
    [keyAudit.example, true],
    ['Which of our API keys are unused?', true],
    ['Find stale keys and recommend which to revoke', true],
    ['Find unused keys. Do not revoke anything.', true],
    ['Revoke all keys that have not been used for 30 days', false],
    ['Delete unused keys', false],
    ['List our API keys', false],
    ['Which of our servers are unused?', false],
  ])('%j: %s', (instruction, recognised) => {
    expect(keyAudit.recognises(instruction)).toBe(recognised);
  });

  it('no example of another playbook', () => {
    for (const { example } of playbooks)
      expect(playbooks.filter(({ recognises }) => recognises(example)).map(({ name }) => name)).toHaveLength(1);
  });
});

it('reads only, for as many days as are asked for, and says why where something cannot be read', () => {
  const messages = [{ role: 'user', content: 'Which keys are not used for 2 weeks?' }];
  const commands: string[] = [];
  const answers = [
    '{"items":[],"nextCursor":null}',
    '{"items":[],"nextCursor":null}',
    'seed: the server is gone\n\nCommand exited with code 1',
  ];
  for (const content of answers) {
    const step = nextStep(messages, playbooks);
    if (step.kind === 'bash') commands.push(step.command);
    messages.push({ role: 'tool', content });
  }
  expect(commands).toEqual([
    'seed keys list --json --limit 100',
    'seed keys list --unused-for-days 14 --json --limit 100',
    "seed obs requests --by key --since 14d --json > requests.json && jq -c '.items |= length' requests.json",
  ]);
  expect(nextStep(messages, playbooks)).toEqual({
    kind: 'answer',
    text: expect.stringMatching(/not known: the server is gone\.\n.*Nothing to clean up/),
  });
});

it('keeps a key whose tasks made calls, and never calls one unused then', () => {
  const used = key(1, { lastUsedAt: '2026-02-03T00:00:00.000Z' });
  const byKey = new Map([[used.id, 3]]);
  const text = describeAudit({
    days: 30,
    keys: [used],
    stale: [used],
    calls: { byKey, totals: { requests: 3 }, cut: 0 },
  });
  expect(text).toContain('keep    key 1');
  expect(text).toContain('last used 2026-02-03, but its tasks made 3 calls since');
  expect(text).toContain('In the last 30 days 1 key made 3 calls, those of tasks included.');
});

it('stays readable with thousands of stale keys, and counts all', () => {
  const keys = Array.from({ length: 1_500 }, (_, n) => key(n));
  const text = describeAudit({ days: 1, keys, stale: keys, calls });
  expect(text.match(/^revoke /gm)).toHaveLength(1_000);
  expect(text).toContain('and 500 more');
  expect(text).toContain('revoke 1500 ');
});

it('a hostile name stays a name on its line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (name) => {
      const text = describeAudit({
        days: 1,
        keys: [],
        stale: [key(1, { name: `x\nrevoke  y${name}` })],
        calls,
      });
      expect(text.match(/^revoke /gm)).toHaveLength(1);
    }),
  );
});
