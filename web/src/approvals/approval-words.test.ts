// What an approval's state is called, who decided on it, and which of them the list asks for.
import { expect, it } from 'vitest';
import { approvalsSearch, decision, filterOf, raise, timeLeft } from './approval-words.ts';

const by = (more: object) => ({ keyId: '1', keyName: 'ops', via: 'session' as const, isSelf: false, ...more });

it.each([
  ['approved', by({}), 'Approved by ops in the dashboard.'],
  ['denied', by({ via: 'link' }), 'Denied by ops by a link.'],
  ['approved', by({ via: 'mcp', isSelf: true }), 'Approved by ops over MCP, the key that asks or one of its kin.'],
  ['stale', by({ via: 'key' }), /^Approved by ops with the API\. What it is about has changed/],
  ['expired', null, /That is no denial/],
  ['cancelled', null, /nothing will be done/],
] as const)('tells of one that is %s', (state, decidedBy, told) => {
  expect(decision({ state, decidedBy })).toEqual(typeof told === 'string' ? told : expect.stringMatching(told));
});

it('tells the time that is left, and what a budget is raised to', () => {
  const now = Date.parse('2026-11-30T12:00:00Z');
  expect(timeLeft('2026-11-30T12:01:04.500Z', now)).toBe('1 min 5 s left');
  expect(timeLeft('2026-11-30T12:00:00.000Z', now)).toBe('over');
  expect(raise({ current: 0.5, requested: 1, unit: 'usd' })).toBe('$0.50 → $1.00');
  expect(raise({ current: 10_000, requested: 20_000, unit: 'tokens' })).toBe('10,000 tokens → 20,000 tokens');
});

it('reads the address, and asks for what waits unless it says otherwise', () => {
  expect(approvalsSearch({ show: 'denied', task: '8c4d' })).toEqual({ show: 'denied', task: '8c4d' });
  expect(approvalsSearch({ show: 'nonsense' })).toEqual({ show: undefined, task: undefined });
  expect(filterOf({})).toMatchObject({ state: 'pending' });
  expect(filterOf({ show: 'any', task: '8c4d' })).toEqual({ task: '8c4d', limit: 50 });
});
