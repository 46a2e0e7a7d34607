import { expect, test, vi } from 'vitest';
import { ERROR_STATUS, SeedError } from '../protocol/errors.ts';
import { type ApprovalPolls, untilApproved } from './await-approval.ts';
import { exitCodeOf, type Io } from './io.ts';

const ID = '56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11';
const PENDING = {
  id: ID,
  state: 'pending',
  summary: 'Order 3 chairs\u001b[31m from acme',
  reason: 'a limit asks above 500',
  expiresAt: '2026-12-01T10:00:00.000Z',
  ranAt: null,
  askedAgain: null,
  result: null,
  error: null,
  message: null,
};
const ran = { state: 'approved', ranAt: '2026-12-01T09:00:00.000Z' };
const asked = JSON.stringify({ approval: PENDING });
type Answer = object | Error;

/** Plays the answers to polls, one after the other; the last again and again. */
function played(answers: Answer[], { url = null }: { url?: string | null } = {}) {
  let now = 0;
  let said = '';
  let interrupt = () => {};
  const ids: string[] = [];
  const io = {
    clock: { now: () => new Date(now) },
    wait: async (ms: number) => {
      now += ms;
    },
    stderr: {
      write: (text: string) => {
        said += text;
      },
    },
    onInterrupt: (handler: () => void) => {
      interrupt = handler;
      return () => {};
    },
  } as unknown as Io;
  const poll = vi.fn(async (id: string) => {
    ids.push(id);
    const answer = answers[Math.min(ids.length - 1, answers.length - 1)];
    if (answer instanceof Error) throw answer;
    return JSON.stringify({ approval: { ...PENDING, ...answer } });
  });
  const polls: ApprovalPolls = {
    poll,
    url,
    codeOf: (code) => (Object.hasOwn(ERROR_STATUS, code) ? (code as keyof typeof ERROR_STATUS) : 'internal'),
  };
  return { io, polls, ids, said: () => said, waitedMs: () => now, interrupt: () => interrupt() };
}

test('in a sandbox nothing is said, and the stored answer is that of the call', async () => {
  const { io, polls, said, ids } = played([
    {},
    {},
    { state: 'approved' },
    { ...ran, result: { order: { id: 7 } } },
  ]);
  expect(await untilApproved(io, asked, polls)).toBe('{"order":{"id":7}}');
  expect([said(), ids.length]).toEqual(['', 4]);
});

test.each([
  [
    'denied',
    { state: 'denied', message: 'use the cheaper one' },
    'approval_denied',
    /said no.*: use the cheaper/,
    4,
  ],
  ['expired', { state: 'expired' }, 'approval_expired', /in time, which is no denial/, 4],
  ['stale', { state: 'stale' }, 'approval_stale', /has changed/, 1],
  ['cancelled', { state: 'cancelled' }, 'conflict', /withdrawn/, 1],
  [
    'failed',
    { ...ran, error: { code: 'limit_exceeded', message: 'over 5 calls' } },
    'limit_exceeded',
    /^over 5 calls$/,
    4,
  ],
  [
    'failed in a way that is not known here',
    { ...ran, error: { code: 'new', message: 'oh' } },
    'internal',
    /^oh$/,
    1,
  ],
])('one that was %s is told as such', async (_, answer, code, words, exitCode) => {
  const { io, polls } = played([{}, answer]);
  const error = await untilApproved(io, asked, polls).catch((thrown) => thrown);
  expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
  expect(exitCodeOf(error)).toBe(exitCode);
});

test('a server that is away, restarts or has too much to do is asked again; what is final is told', async () => {
  const passing = [
    new SeedError('unreachable', 'no server'),
    new SeedError('unavailable', 'stopping'),
    new SeedError('too_many_requests', 'many'),
  ];
  const { io, polls, waitedMs } = played([...passing, { ...ran, result: {} }]);
  expect(await untilApproved(io, asked, polls)).toBe('{}');
  expect(waitedMs()).toBe(3_000);
  const revoked = played([new SeedError('key_revoked', 'revoked')]);
  await expect(untilApproved(revoked.io, asked, revoked.polls)).rejects.toMatchObject({ code: 'key_revoked' });
  const gone = played([new SeedError('unreachable', 'no server')]);
  await expect(untilApproved(gone.io, asked, gone.polls)).rejects.toMatchObject({ code: 'unreachable' });
  expect(gone.waitedMs()).toBe(600_000);
});

test('a stale one that was asked anew is waited for as the new one', async () => {
  const next = '00000000-0000-4000-8000-000000000001';
  const { io, polls, ids } = played([
    { state: 'stale', askedAgain: next },
    { id: next, ...ran, result: { ok: true } },
  ]);
  expect(await untilApproved(io, asked, polls)).toBe('{"ok":true}');
  expect(ids).toEqual([ID, next]);
});

test('a person is told that it waits, for what and where to decide; Ctrl-C leaves it open and says how to look', async () => {
  const { io, polls, said, interrupt } = played([{}], { url: 'https://seed.example' });
  const waited = untilApproved(io, asked, polls).catch((thrown) => thrown);
  expect(said()).toContain('Order 3 chairs');
  expect(said()).not.toContain('\u001b');
  expect(said()).toContain(`seed approvals approve ${ID}`);
  expect(said()).toContain('https://seed.example');
  interrupt();
  const error = await waited;
  expect(exitCodeOf(error)).toBe(130);
  expect([error.message, error.hint]).toEqual([
    expect.stringContaining('still waits'),
    `Look later with: seed approvals get ${ID}`,
  ]);
});

test('an answer without an approval is no answer of a Seed server', async () => {
  const { io, polls } = played([]);
  await expect(untilApproved(io, '{}', polls)).rejects.toMatchObject({ code: 'unreachable' });
});
