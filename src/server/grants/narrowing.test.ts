import { describe, expect, it, test } from 'vitest';
import { aKey } from '../../../test/fixtures/key.ts';
import type { ApprovalSetting, Grants, Limit, SomeGrants } from '../../protocol/grant.ts';
import { refuseWiderGrants } from './narrowing.ts';

const limit: Limit = {
  scope: 'orders:write',
  input: { properties: { total: { maximum: 5 } } },
  sum: { '/total': '20.5' },
  calls: 3,
  per: 'day',
  else: 'ask',
};
const asks: ApprovalSetting = {
  effects: ['destructive'],
  wait: 1_000,
  onExpiry: 'continue',
  budget: 'deny',
  selfApprove: false,
};
const have: Grants = { limits: [limit], approval: asks, loop: null };
const key = aKey({ id: 'own', ...have });

const outcome = (changes: SomeGrants, target = key, by = key, chain = [target]) => {
  try {
    refuseWiderGrants(changes, { key: target, chain }, [by]);
    return 'allowed';
  } catch (error) {
    return (error as Error).message.split(':')[0];
  }
};

describe('what a limited key may make of itself', () => {
  test.each<[string, SomeGrants, string]>([
    ['the same', have, 'allowed'],
    ['one more limit', { limits: [limit, { ...limit, command: 'x' }] }, 'allowed'],
    ['lower numbers', { limits: [{ ...limit, calls: 2, sum: { '/total': 20, '/more': 1 } }] }, 'allowed'],
    ['denied and not asked', { limits: [{ ...limit, else: 'deny' }] }, 'allowed'],
    [
      'names in another order',
      {
        limits: [
          JSON.parse(
            JSON.stringify(
              limit,
              Object.keys({ ...limit, properties: 1, total: 1, maximum: 1, '/total': 1 }).reverse(),
            ),
          ),
        ],
      },
      'allowed',
    ],
    ['none', { limits: [] }, 'limits'],
    ['a sum less', { limits: [{ ...limit, sum: {} }] }, 'limits'],
    ['a hair more', { limits: [{ ...limit, sum: { '/total': '20.50000001' } }] }, 'limits'],
    ['no number of calls', { limits: [{ ...limit, calls: undefined }] }, 'limits'],
    ['another span', { limits: [{ ...limit, per: 'task' }] }, 'limits'],
    ['another schema', { limits: [{ ...limit, input: { properties: { total: { maximum: 6 } } } }] }, 'limits'],
    ['another selector', { limits: [{ ...limit, scope: 'orders:read' }] }, 'limits'],
    ['nothing asked', { approval: null }, 'approval'],
    ['less asked', { approval: { ...asks, effects: ['write'] } }, 'approval'],
    ['more asked', { approval: { ...asks, effects: ['write', 'destructive'] } }, 'allowed'],
    ['its own yes', { approval: { ...asks, selfApprove: true } }, 'approval'],
    ['loops', { loop: 'warn' }, 'loop'],
    ['fewer loops', { loop: 'deny' }, 'allowed'],
  ])('%s', (_what, changes, expected) => {
    expect(outcome(changes)).toBe(expected);
  });
});

it('is asked of no key without limits, and of none whose limits bind the changed one anyway', () => {
  expect(outcome({ limits: [] }, key, aKey({ id: 'free' }))).toBe('allowed');
  expect(outcome({ limits: [] }, aKey({ id: 'made', limits: [limit] }), key, [aKey({ id: 'made' }), key])).toBe(
    'allowed',
  );
  expect(outcome({ limits: [] }, aKey({ id: 'other', limits: [limit] }), key)).toBe('limits');
});
