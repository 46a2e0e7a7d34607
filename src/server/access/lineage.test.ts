import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aKey, UNLIMITED } from '../../../test/fixtures/key.ts';
import type { Key, Lineage } from '../../protocol/key.ts';
import { eachKeyLimit, type KeyLimitName, type KeyLimits } from '../../protocol/key-limits.ts';
import {
  allowedModels,
  boundTo,
  DEFAULT_LIFETIME_MS,
  earlier,
  inheritLimits,
  keyExpiry,
  latestExpiry,
  refuseDefaults,
  refuseWiderLimits,
  taskOf,
} from './lineage.ts';

const key = (id: string, more: Partial<Key> = {}) => aKey({ id, name: id, ...more });

const LISTS: Partial<Record<KeyLimitName, string[]>> = {
  allowedCidrs: ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '2001:db8::/32'],
  approvesScopes: ['*', 'keys:*', 'keys:write', 'tasks:write'],
  allowedModels: ['a', 'b', 'c'],
  models: ['a', 'b'],
};
const limits = fc.record(
  eachKeyLimit((name, { kind }): fc.Arbitrary<unknown> => {
    if (kind === 'list') return fc.option(fc.subarray(LISTS[name] ?? [], { minLength: 1 }));
    return fc.option(fc.constantFrom(...(kind === 'usd' ? [0.5, 1, 2.5] : [1, 2, 3, 4, 5])));
  }),
) as fc.Arbitrary<KeyLimits>;
/** One limit of each at a time, so that they often fit. */
const sameLimit = fc
  .constantFrom(...(Object.keys(UNLIMITED) as (keyof KeyLimits)[]))
  .chain((name) =>
    fc.tuple(limits, limits, limits).map((all) => all.map((each) => ({ ...UNLIMITED, [name]: each[name] }))),
  );
describe('limits', () => {
  it('that are accepted once are accepted from a key that has them: nothing widens along a chain', () => {
    fc.assert(
      fc.property(sameLimit, ([own = UNLIMITED, first = UNLIMITED, second = UNLIMITED]) => {
        const lineage: Lineage = [key('task key'), key('own', own)];
        const accepts = (wanted: KeyLimits, of: Lineage) => {
          try {
            refuseWiderLimits(wanted, of);
            return true;
          } catch (error) {
            expect(error).toMatchObject({ code: 'not_allowed' });
            return false;
          }
        };
        fc.pre(accepts(first, lineage) && accepts(second, [key('child', first)]));
        expect(accepts(second, lineage)).toBe(true);
      }),
      { maxSkipsPerRun: 1000 },
    );
  });

  it('that nobody asked for are at most as wide as one key alone has', () => {
    fc.assert(
      fc.property(limits, (own) => {
        const lineage: Lineage = [key('one', own)];
        expect(inheritLimits({}, lineage)).toEqual(own);
        refuseWiderLimits(inheritLimits({}, lineage), lineage);
      }),
    );
  });

  it('that are lifted explicitly are not inherited', () => {
    const wanted = inheritLimits({ requestsPerMinute: null }, [key('one', { requestsPerMinute: 5 })]);
    expect(wanted.requestsPerMinute).toBeNull();
  });

  it('of models are those that all of the line allow', () => {
    expect(allowedModels([key('one')])).toBeNull();
    const both = [key('one', { allowedModels: ['a', 'b'] }), key('two', { allowedModels: ['b', 'c'] })] as const;
    expect(allowedModels(both)).toEqual(['b']);
  });
});

describe('models by default', () => {
  const models = { knows: (model: string) => model !== 'gone' };
  const refused = (code: string) => expect.objectContaining({ code });

  it('are inherited, and bound nothing: a key may be given others', () => {
    expect(inheritLimits({}, [key('task key'), key('own', { models: ['a', 'b'] })]).models).toEqual(['a', 'b']);
    refuseWiderLimits({ models: ['c'] }, [key('own', { models: ['a'] })]);
    refuseDefaults(['c'], [key('own', { models: ['a'] })], models);
    refuseDefaults(null, [key('own', { allowedModels: ['a'] })], models);
  });

  it('are such as tasks could be given', () => {
    const line: Lineage = [key('own', { allowedModels: ['a'] })];
    expect(() => refuseDefaults(['a', 'b'], line, models)).toThrow(refused('model_not_allowed'));
    expect(() => refuseDefaults(['gone'], [key('own')], models)).toThrow(refused('unknown_model'));
  });
});

describe('what a task creates', () => {
  const soon = '2026-01-01T00:05:00.000Z';
  const later = '2026-06-01T00:00:00.000Z';
  const taskKey = key('task key', { taskId: '11111111-1111-4111-8111-111111111111', expiresAt: soon });

  it('is bound to the task key and its end', () => {
    const lineage: Lineage = [taskKey, key('caller', { expiresAt: later })];
    expect(boundTo(lineage)).toBe('task key');
    expect(latestExpiry(lineage)?.toISOString()).toBe(soon);
    expect(taskOf(lineage)).toBe(taskKey.taskId);
  });

  it('is not when every key behind the task allows it; the caller still bounds it', () => {
    const lasting = { tasksMayCreateLastingKeys: true };
    const lineage: Lineage = [taskKey, key('caller', { expiresAt: later, ...lasting })];
    expect(boundTo(lineage)).toBeNull();
    expect(latestExpiry(lineage)?.toISOString()).toBe(later);
    expect(boundTo([key('made by the task'), ...lineage])).toBe('task key');
  });

  it('is no matter for a key that no task stands behind', () => {
    expect(boundTo([key('plain')])).toBeNull();
    expect(latestExpiry([key('plain')])).toBeNull();
    expect(taskOf([key('plain')])).toBeNull();
  });
});

const NOW = new Date('2026-03-25T10:00:00Z');
const fromNow = (ms: number) => new Date(NOW.getTime() + ms);
const span = fc.constantFrom('1m', '45m', '12h', '30d', '8w', '3650d', 'never');
const latest = fc.option(fc.integer({ min: 1, max: 200 * 86_400_000 }).map(fromNow));

describe('keyExpiry', () => {
  it('never passes what the key may not outlive, and never lies in the past', () => {
    fc.assert(
      fc.property(fc.option(span, { nil: undefined }), latest, (expiresIn, bound) => {
        let expiry: Date | null;
        try {
          expiry = keyExpiry({ expiresIn }, NOW, bound);
        } catch (error) {
          expect(error).toMatchObject({ code: 'not_allowed' });
          expect(bound).not.toBeNull();
          expect(expiresIn).toBeDefined();
          return;
        }
        if (expiry !== null) expect(expiry > NOW).toBe(true);
        if (bound !== null) expect(expiry !== null && expiry <= bound).toBe(true);
        if (expiry === null) expect(expiresIn).toBe('never');
      }),
    );
  });

  it('is 90 days unless something else is asked for', () => {
    expect(keyExpiry({}, NOW, null)).toEqual(fromNow(DEFAULT_LIFETIME_MS));
    expect(keyExpiry({}, NOW, fromNow(5))).toEqual(fromNow(5));
    expect(keyExpiry({}, NOW, null, null)).toBeNull();
    expect(keyExpiry({ expiresIn: '12h' }, NOW, null)).toEqual(fromNow(12 * 3_600_000));
    expect(keyExpiry({ expiresAt: '2026-03-26T12:00:00+02:00' }, NOW, null)).toEqual(fromNow(86_400_000));
  });

  it.each([
    [{ expiresIn: '0m' }, 'invalid_input'],
    [{ expiresAt: '2026-03-25T09:59:59Z' }, 'invalid_input'],
    [{ expiresIn: '1d', expiresAt: '2027-01-01T00:00:00Z' }, 'invalid_input'],
  ])('refuses %j', (wanted, code) => {
    expect(() => keyExpiry(wanted, NOW, null)).toThrow(expect.objectContaining({ code }));
  });
});

it('earlier takes null for the end of time', () => {
  expect(earlier(null, null)).toBeNull();
  expect(earlier(NOW, null)).toEqual(NOW);
  expect(earlier(null, NOW)).toEqual(NOW);
  expect(earlier(fromNow(1), NOW)).toEqual(NOW);
});
