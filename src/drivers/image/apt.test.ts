import { expect, test } from 'vitest';
import { parsePackageFile } from './apt.ts';

test('parsePackageFile reads name and version, epoch included', () => {
  expect(parsePackageFile('git_1%3a2.47.3-0+deb13u1_amd64.deb')).toEqual({
    name: 'git',
    version: '1:2.47.3-0+deb13u1',
  });
});
