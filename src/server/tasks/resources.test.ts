import { expect, test } from 'vitest';
import { grantResources } from './resources.ts';

const defaults = { vcpus: 2, memoryMb: 1024, diskMb: 512, processes: 256 };
const maxima = { vcpus: 4, memoryMb: 2048, diskMb: 512, processes: 512 };

test('what is not asked for is the default', () => {
  expect(grantResources({ defaults, maxima }, {})).toEqual(defaults);
  expect(grantResources({ defaults, maxima }, { vcpus: 1, memoryMb: undefined })).toEqual({
    ...defaults,
    vcpus: 1,
  });
});

test('the maximum can be had, and beyond it is refused by name and number', () => {
  expect(grantResources({ defaults, maxima }, maxima)).toEqual(maxima);
  expect(() => grantResources({ defaults, maxima }, { memoryMb: 2049 })).toThrow(
    'resources.memoryMb is at most 2048, not 2049',
  );
});
