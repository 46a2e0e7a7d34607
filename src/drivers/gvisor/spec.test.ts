import { describe, expect, test } from 'vitest';
import { DISK_BYTES, runtimeSpec } from './spec.ts';

const spec = runtimeSpec('/images/x/rootfs', ['/usr/bin/node', '/opt/seed/guest.mjs']);

describe('runtimeSpec', () => {
  test('mounts nothing of the host', () => {
    expect(new Set(spec.mounts.map(({ type }) => type))).toEqual(new Set(['proc', 'tmpfs']));
    expect(spec.mounts.every(({ source }) => !source.includes('/'))).toBe(true);
    expect(spec.root).toEqual({ path: '/images/x/rootfs', readonly: true });
  });

  test('bounds every writable folder, together DISK_BYTES', () => {
    const writable = spec.mounts.filter(({ type, destination }) => type === 'tmpfs' && destination !== '/dev');
    const sizes = writable.map(({ options }) => Number(/size=(\d+)/.exec(options.join())?.[1]));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(DISK_BYTES);
    expect(DISK_BYTES).toBe(512 * 1024 * 1024);
  });

  test('gives a network namespace of its own and no way to more privileges', () => {
    expect(spec.linux.namespaces).toContainEqual({ type: 'network' });
    expect(spec.process.noNewPrivileges).toBe(true);
    for (const capability of ['CAP_SYS_PTRACE', 'CAP_NET_RAW', 'CAP_NET_ADMIN', 'CAP_SYS_MODULE', 'CAP_MKNOD']) {
      expect(spec.process.capabilities.bounding).not.toContain(capability);
    }
    expect(spec.process.env.every((line) => /^(PATH|HOME|LANG|TZ)=/.test(line))).toBe(true);
  });
});
