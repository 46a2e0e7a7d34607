import { expect, test } from 'vitest';
import { mountCommands } from './disk.ts';

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
