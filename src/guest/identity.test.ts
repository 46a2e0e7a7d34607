import { expect, test } from 'vitest';
import { identityFrom, mountCommands } from './identity.ts';

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

const MIB = 1024 * 1024;
const FOLDERS = [
  { path: '/workspace', owner: 'mode=0755', bytes: 384 * MIB },
  { path: '/tmp', owner: 'mode=1777', bytes: 96 * MIB },
  { path: '/run', owner: null, bytes: 32 * MIB },
];

test('what fits already stays', () => {
  expect(mountCommands(FOLDERS, 512 * MIB)).toEqual([]);
});

test.each([16, 100, 511, 513, 4096])('%i MiB are shared out, and never more than them', (megabytes) => {
  const commands = mountCommands(FOLDERS, megabytes * MIB);
  expect(commands.map((command) => command.at(-1))).toEqual(['/workspace', '/tmp']);
  const sizes = commands.map((command) => Number(/size=(\d+)/.exec(command.join(' '))?.[1]));
  expect(sizes[0]).toBe(Math.floor((megabytes * MIB * 0.75) / 4096) * 4096);
  expect((sizes[0] ?? 0) + (sizes[1] ?? 0)).toBeLessThanOrEqual(megabytes * MIB);
});
