import { expect, test } from 'vitest';
import { identityFrom } from './identity.ts';

test('who a sandbox is follows from its fresh bytes alone, and tells nothing of them', () => {
  const one = identityFrom('a'.repeat(88));
  expect(one).toEqual(identityFrom('a'.repeat(88)));
  expect(one.hostname).toMatch(/^sandbox-[0-9a-f]{12}$/);
  expect(one.machineId).toMatch(/^[0-9a-f]{32}$/);
  expect(one.machineId).not.toContain(one.hostname.slice('sandbox-'.length));
  const other = identityFrom(`${'a'.repeat(87)}b`);
  expect(other.hostname).not.toBe(one.hostname);
  expect(other.machineId).not.toBe(one.machineId);
});
