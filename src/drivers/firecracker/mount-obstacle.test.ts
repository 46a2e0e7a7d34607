import { expect, test } from 'vitest';
import { mountOf } from './mount-obstacle.ts';

const MOUNTINFO = `22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:26 / /home rw,nosuid,nodev - tmpfs tmpfs rw
31 30 0:27 / /home/a\\040b rw,noexec - tmpfs tmpfs rw
32 22 0:28 / /data rw,nodev - tmpfs tmpfs rw
33 32 0:29 / /data rw,relatime - ext4 /dev/sdb1 rw
`;

test.each([
  ['/var/lib', '/', ['rw', 'relatime']],
  ['/home', '/home', ['rw', 'nosuid', 'nodev']],
  ['/home/seed/.seed', '/home', ['rw', 'nosuid', 'nodev']],
  ['/homework', '/', ['rw', 'relatime']],
  ['/home/a b/x', '/home/a b', ['rw', 'noexec']],
  // What was mounted last over the same place is what is seen.
  ['/data/firecracker', '/data', ['rw', 'relatime']],
])('%s is on %s', (path, mount, options) => {
  expect(mountOf(path, MOUNTINFO)).toEqual({ path: mount, options });
});

test('a table that cannot be read explains nothing', () => {
  expect(mountOf('/data', '')).toBeUndefined();
});
