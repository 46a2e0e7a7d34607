import { expect, it } from 'vitest';
import { SeedError } from '../protocol/errors.ts';
import { refuseWithoutLinux } from './place.ts';

it.each([
  ['darwin', 'macOS'],
  ['win32', 'Windows'],
])('says on %s which one command runs it in the container', (platform, system) => {
  const refused = () => refuseWithoutLinux('dev', platform);
  expect(refused).toThrow(SeedError);
  expect(refused).toThrow(`seed dev needs Linux for its sandboxes, and this is ${system}`);
  expect(refused).toThrow(expect.objectContaining({ hint: expect.stringMatching(/docker run .* seed:\S+ dev$/) }));
});

it('says nothing on Linux', () => {
  expect(() => refuseWithoutLinux('dev', 'linux')).not.toThrow();
});
