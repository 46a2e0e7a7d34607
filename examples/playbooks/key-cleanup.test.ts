import fc from 'fast-check';
import { nextStep } from 'seed/testing';
import { describe, expect, it } from 'vitest';
import type { ListedKey } from './key-cleanup.ts';
import { keyCleanup } from './key-cleanup.ts';
import { playbooks } from './playbooks.ts';

const INSTRUCTION = 'Check our API key inventory and revoke any expired ones';
const NOW = '2026-03-25T10:15:00.000Z';
const COMMAND = /^seed keys (?:list --json --limit \d+(?: --cursor [\w.=~+/:-]+)?|revoke [0-9a-f-]{36} --json)$/;

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const key = (
  n: number,
  status: ListedKey['status'],
  name = `key ${n}`,
  expiresAt: string | null = null,
): ListedKey => ({
  id: id(n),
  name,
  status,
  expiresAt,
});
const THE_BRIEF: ListedKey[] = [
  key(1, 'active'),
  key(2, 'active'),
  key(3, 'expired', 'task:aa3517b8', '2026-03-25T10:09:00.000Z'),
  key(4, 'expired', 'task:28f48ac5', '2026-03-25T10:08:00.000Z'),
  ...[5, 6, 7, 8, 9].map((n) => key(n, 'revoked')),
];

/** A platform for the agent's commands; `override` answers instead where it returns something. */
function play(keys: ListedKey[], override: (command: string) => string | undefined = () => undefined) {
  const inventory = keys.map((entry) => ({ ...entry }));
  const commands: string[] = [];
  const messages: { role: string; content: string }[] = [{ role: 'user', content: INSTRUCTION }];
  const run = (command: string): string => {
    const [, limit, cursor] = /--limit (\d+)(?: --cursor (\d+))?/.exec(command) ?? [];
    if (limit !== undefined) {
      const from = Number(cursor ?? 0);
      const to = from + Number(limit);
      const nextCursor = to < inventory.length ? String(to) : null;
      return JSON.stringify({ items: inventory.slice(from, to), nextCursor }, null, 2);
    }
    const revoked = inventory.find((entry) => command.includes(entry.id));
    if (!revoked) return 'no such key\n\nCommand exited with code 1';
    revoked.status = 'revoked';
    return JSON.stringify({ key: { ...revoked, revokedAt: NOW } });
  };
  for (;;) {
    const step = nextStep(messages, playbooks);
    expect(nextStep(messages, playbooks)).toEqual(step);
    if (step.kind === 'answer') return { answer: step.text, commands, inventory };
    expect(step.command).toMatch(COMMAND);
    commands.push(step.command);
    messages.push({ role: 'assistant', content: '' });
    messages.push({ role: 'tool', content: override(step.command) ?? run(step.command) });
  }
}

describe('the answer', () => {
  it("is the brief's for the brief's inventory", () => {
    const { answer, commands, inventory } = play(THE_BRIEF);
    expect(answer).toBe(
      'Found 9 keys. 5 already revoked. Revoked 2 expired keys: task:aa3517b8 (expired 10:09), ' +
        'task:28f48ac5 (expired 10:08). 2 active keys remain.',
    );
    expect(commands).toEqual([
      'seed keys list --json --limit 100',
      `seed keys revoke ${id(3)} --json`,
      `seed keys revoke ${id(4)} --json`,
    ]);
    expect(inventory.filter(({ status }) => status === 'expired')).toEqual([]);
  });

  it.each<[string, ListedKey[], string]>([
    ['no keys', [], 'Found no keys. Nothing to revoke.'],
    ['one key', [key(1, 'active')], 'Found 1 key. None already revoked. No expired keys. 1 active key remains.'],
    [
      'nothing active',
      [key(1, 'revoked')],
      'Found 1 key. 1 already revoked. No expired keys. No active keys remain.',
    ],
    [
      'an old expiry',
      [key(1, 'expired', 'old', '2025-12-31T23:59:00.000Z')],
      'Found 1 key. None already revoked. Revoked 1 expired key: old (expired 2025-12-31 23:59). No active keys remain.',
    ],
  ])('has the right words for %s', (_, keys, answer) => {
    expect(play(keys).answer).toBe(answer);
  });

  it('counts and revokes what is there, over any number of pages', () => {
    const statuses = fc.array(fc.constantFrom('active' as const, 'expired' as const, 'revoked' as const), {
      maxLength: 250,
    });
    fc.assert(
      fc.property(statuses, (list) => {
        const keys = list.map((status, n) => key(n, status, `key ${n}`, status === 'expired' ? NOW : null));
        const expired = keys.filter(({ status }) => status === 'expired');
        const { answer, commands, inventory } = play(keys);
        const pages = Math.max(1, Math.ceil(keys.length / 100));
        expect(commands.slice(pages)).toEqual(expired.map((entry) => `seed keys revoke ${entry.id} --json`));
        expect(inventory.some(({ status }) => status === 'expired')).toBe(false);
        if (keys.length > 0) expect(answer).toContain(`Found ${keys.length} key`);
        for (const { name } of expired) expect(answer).toContain(`${name} (expired 10:15)`);
      }),
      { numRuns: 30 },
    );
  });
});

describe('when something goes wrong', () => {
  const refused = (name: string, scope: string) =>
    `error: "${name}" needs the scope ${scope}, which this key lacks\n\nCommand exited with code 4`;

  it('without keys:read nothing is revoked and the scope is named', () => {
    const { answer, commands } = play(THE_BRIEF, () => refused('keys list', 'keys:read'));
    expect(answer).toBe(
      'Could not read the key inventory: this key lacks the scope keys:read. Nothing was revoked.',
    );
    expect(commands).toHaveLength(1);
  });

  it('without keys:write it is tried once and all that stay are named', () => {
    const { answer, commands } = play(THE_BRIEF, (c) =>
      c.includes('revoke') ? refused('keys revoke', 'keys:write') : undefined,
    );
    expect(answer).toBe(
      'Found 9 keys. 5 already revoked. Could not revoke 2 expired keys (task:aa3517b8, task:28f48ac5): ' +
        'this key lacks the scope keys:write. 2 active keys remain.',
    );
    expect(commands).toHaveLength(2);
  });

  it('one revocation fails, the others go on', () => {
    const { answer } = play(THE_BRIEF, (c) =>
      c.includes(id(3)) ? 'error: try later\n\nCommand exited with code 1' : undefined,
    );
    expect(answer).toContain('Revoked 1 expired key: task:28f48ac5 (expired 10:08).');
    expect(answer).toContain('Could not revoke 1 expired key (task:aa3517b8): try later.');
  });

  it('a revocation that is not confirmed is not called one', () => {
    const { answer } = play(THE_BRIEF, (c) => (c.includes('revoke') ? '{"key":{}}' : undefined));
    expect(answer).not.toContain('Revoked');
    expect(answer).toContain('does not confirm it');
  });

  it.each([
    ['no JSON', 'hello'],
    ['nothing', '(no output)'],
    ['another shape', '{"items":[{"id":1}],"nextCursor":null}'],
    [
      'an id that is no UUID',
      JSON.stringify({ items: [{ ...key(1, 'expired'), id: '1; rm -rf /' }], nextCursor: null }),
    ],
  ])('a list that is malformed (%s) is not worked with', (_, output) => {
    const { answer, commands } = play(THE_BRIEF, () => output);
    expect(answer).toMatch(/^Could not read the key inventory: .*Nothing was revoked\.$/);
    expect(commands).toHaveLength(1);
  });

  it('a cursor that could be more than one does not get into a command', () => {
    const output = JSON.stringify({ items: [key(1, 'expired')], nextCursor: 'x; rm -rf /' });
    const { answer, commands } = play(THE_BRIEF, () => output);
    expect(answer).toContain('malformed');
    expect(commands).toHaveLength(1);
  });

  it('a list that the agent cut is asked for in smaller pages', () => {
    const keys = Array.from({ length: 30 }, (_, n) => key(n, 'active'));
    const cut = '{"items":[{"id":\n[… 6000 of 57200 bytes left out; all are in out …]\n"x"}]}';
    const { answer, commands } = play(keys, (c) => (c.includes('--limit 100') ? cut : undefined));
    expect(answer).toContain('Found 30 keys.');
    expect(commands[1]).toBe('seed keys list --json --limit 25');
  });

  it('a list without an end is left', () => {
    const output = JSON.stringify({ items: [], nextCursor: 'again' });
    const messages = [{ role: 'user', content: INSTRUCTION }];
    for (let n = 0; n < 1_000; n++) messages.push({ role: 'tool', content: output });
    expect(nextStep(messages, playbooks)).toEqual({
      kind: 'answer',
      text: expect.stringContaining('does not end'),
    });
  });
});

it('a hostile name stays a name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (name) => {
      const { answer, commands } = play([key(1, 'expired', `"; $(reboot) \n${name}`, NOW)]);
      expect(commands[1]).toBe(`seed keys revoke ${id(1)} --json`);
      expect(answer).not.toMatch(/\p{C}/u);
    }),
  );
});

describe('recognises', () => {
  it.each([
    [INSTRUCTION, true],
    [`Your task:\n\n${INSTRUCTION}.\n`, true],
    ['Please go through the key inventory and get the expired keys revoked', true],
    ['Revoking of all expired API keys, please', true],
    ['List our API keys', false],
    ['Revoke the contract that has expired', false],
    ['Check our key inventory but do not revoke the expired ones', false],
    ["Report expired keys; don't revoke them", false],
    ['Revoke all keys except the expired ones', false],
    ['Revoke keys that expire within 14 days', false],
  ])('%j: %s', (instruction, recognised) => {
    expect(keyCleanup.recognises(instruction)).toBe(recognised);
  });
});
