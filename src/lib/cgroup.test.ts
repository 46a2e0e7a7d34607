import { expect, test } from 'vitest';
import { parseMounts } from './cgroup.ts';

test('finds the control group file systems of either version', () => {
  const mounts = parseMounts(
    [
      'proc /proc proc rw 0 0',
      'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0',
      'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0',
      '',
    ].join('\n'),
  );
  expect(mounts).toEqual([
    { path: '/sys/fs/cgroup/cpu,cpuacct', type: 'cgroup', options: ['rw', 'nosuid', 'cpu', 'cpuacct'] },
    { path: '/sys/fs/cgroup/unified', type: 'cgroup2', options: ['rw'] },
  ]);
});
