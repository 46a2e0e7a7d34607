import { expect, test } from 'vitest';
import { firecrackerCommand, machineMark, machineRoot, machineUser } from './jail.ts';

const folder = '/data/firecracker/sandboxes/task';
const mark = machineMark(folder);
const size = { vcpus: 2, memoryMib: 1024 };
const inputs = { memory: '/cache/memory' };

test('an ordinary user starts Firecracker itself', () => {
  const binaries = { firecracker: '/usr/bin/firecracker', jailer: null, version: '1.16.1' };
  expect(firecrackerCommand({ folder, binaries, inputs, size, withCgroup: true })).toEqual([
    '/usr/bin/firecracker',
    '--id',
    mark,
    '--api-sock',
    'api.sock',
    '--level',
    'Off',
  ]);
});

test('root starts the jailer, with its inputs mounted and nothing of Firecracker’s defences off', () => {
  const binaries = {
    firecracker: '/opt/firecracker-v1.16.1',
    jailer: '/opt/jailer-v1.16.1',
    version: '1.16.1',
  };
  const root = `${folder}/firecracker-v1.16.1/${mark}/root`;
  expect(machineRoot(folder, binaries)).toBe(root);
  const command = firecrackerCommand({ folder, binaries, inputs, size, withCgroup: true });
  const user = String(machineUser(mark));
  expect(command.slice(3)).toEqual([
    ...['sh', '/cache/memory', `${root}/memory`, '--'],
    ...['/opt/jailer-v1.16.1', '--id', mark, '--exec-file', '/opt/firecracker-v1.16.1'],
    ...['--uid', user, '--gid', user, '--chroot-base-dir', folder, '--resource-limit', 'no-file=256'],
    ...['--cgroup-version', '2', '--parent-cgroup', 'seed', '--cgroup', `memory.max=${1152 * 2 ** 20}`],
    ...['--cgroup', 'cpu.max=200000 100000', '--cgroup', 'pids.max=64'],
    ...['--', '--api-sock', 'api.sock', '--level', 'Off'],
  ]);
  expect(command.join(' ')).not.toContain('seccomp');
});

test('where control groups cannot be used the jailer is asked for none', () => {
  const binaries = { firecracker: '/opt/firecracker', jailer: '/opt/jailer', version: '1.16.1' };
  const command = firecrackerCommand({ folder, binaries, inputs, size, withCgroup: false });
  expect(command).not.toContain('--cgroup');
});

test('each machine has a user of its own, far from those of the system', () => {
  const users = ['a', 'b', 'c'].map((name) => machineUser(machineMark(name)));
  expect(new Set(users).size).toBe(3);
  for (const user of users) {
    expect(user).toBeGreaterThan(1_879_048_191);
    expect(user).toBeLessThan(2_147_352_576);
  }
});
