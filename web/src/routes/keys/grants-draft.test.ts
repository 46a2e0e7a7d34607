// What the form of limits and approvals says is sent as it was written.
import { expect, it } from 'vitest';
import type { Grants } from '../../../../src/protocol/grant.ts';
import { changedGrants, grantsDraft, grantsOf, grantsProblems, NO_GRANTS } from './grants-draft.ts';

const none: Grants = { limits: [], approval: null, loop: null };
const some: Grants = {
  limits: [{ scope: 'orders:write', sum: { '/total': 2000 }, per: 'day', else: 'ask' }],
  approval: { effects: ['destructive'], wait: 600_000, onExpiry: 'continue', budget: 'deny', selfApprove: false },
  loop: 'deny',
};

it('reads what it has written, and sends nothing of what stays', () => {
  expect(grantsOf(grantsDraft(some))).toEqual(some);
  expect(grantsDraft(none)).toEqual(NO_GRANTS);
  expect(grantsOf(NO_GRANTS)).toEqual(none);
  expect(changedGrants(grantsDraft(some), some)).toEqual({});
  expect(changedGrants(NO_GRANTS, some)).toEqual(none);
});

it('keeps every digit', () => {
  const draft = { ...NO_GRANTS, limits: '[{"calls": 5, "sum": {"/total": 500.00000000000000000001}}]' };
  expect(JSON.stringify(changedGrants(draft, none))).toBe(
    '{"limits":[{"calls":5,"sum":{"/total":500.00000000000000000001}}]}',
  );
});

it.each([
  ['{}', 'a list of objects'],
  ['[1]', 'a list of objects'],
  ['[{]', 'no JSON'],
])('tells what is wrong with %s', (limits, told) => {
  expect(grantsProblems({ ...NO_GRANTS, limits }).limits).toContain(told);
  expect(grantsProblems({ ...NO_GRANTS, approval: '[]' }).approval).toContain('an object');
  expect(grantsProblems(NO_GRANTS)).toEqual({ limits: null, approval: null });
});
