import { expect, test } from 'vitest';
import { hostTscKhz, parseTscKhz } from './tsc.ts';

test('reads the counter of a processor where it is constant', async () => {
  expect(parseTscKhz('flags\t\t: fpu constant_tsc rep_good\nbogomips\t: 5199.99\n')).toBe(2_600_000);
  expect(parseTscKhz('flags\t\t: fpu tsc rep_good\nbogomips\t: 5199.99\n')).toBeUndefined();
  expect(parseTscKhz('flags\t\t: fpu constant_tsc\n')).toBeUndefined();
  expect((await hostTscKhz()) ?? 1_000_000).toBeGreaterThan(500_000);
});
