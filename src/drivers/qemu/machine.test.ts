import { describe, expect, test } from 'vitest';
import { type Accelerator, hostTscKhz, type Memory, machineArgs, parseTscKhz, qemuCommand } from './machine.ts';

const kinds: Memory['kind'][] = ['probe', 'template', 'clone'];
const machines = (['kvm', 'tcg'] as const satisfies Accelerator[]).flatMap((accelerator) =>
  kinds.map((kind) => ({ accelerator, kind, args: machineArgs({ accelerator, memory: { kind } }) })),
);

describe.each(machines)('the machine for $accelerator, $kind', ({ accelerator, kind, args }) => {
  const text = args.join(' ');

  test('has no network device and nothing that QEMU would add by itself', () => {
    expect(text).toContain('-nodefaults -no-user-config');
    expect(text).toContain('-nic none');
    const devices = args.filter((_, index) => args[index - 1] === '-device');
    const known = /^(virtio-rng-device|virtio-serial-device|virtserialport|virtio-blk-device),/;
    expect(devices.filter((device) => !known.test(device))).toEqual([]);
  });

  test('is forbidden to start programs or to gain rights', () => {
    const denied = 'obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';
    expect(text).toContain(`-sandbox on,${denied}`);
  });

  test('writes to no disk, and to no memory but its own', () => {
    expect(text.includes('driver=file')).toBe(kind !== 'probe');
    if (kind !== 'probe') expect(text).toContain('read-only=on');
    expect(text.includes('share=on')).toBe(kind === 'template');
    if (kind === 'clone') expect(text).toContain('share=off,readonly=on');
  });

  test('names no path of the host', () => {
    const paths = text.match(/(?<=[=\s])\/[^,\s]+/g) ?? [];
    expect(paths.filter((path) => !/^\/(tools|files|out|dev\/fdset)\//.test(path))).toEqual([]);
    expect(text.includes('/dev/fdset/')).toBe(accelerator === 'kvm');
  });
});

test('a comma in the folder does not end the name', () => {
  const command = qemuCommand('/a,b', { accelerator: 'tcg', memory: { kind: 'clone' } });
  expect(command).toContain('guest=/a,,b');
});

test('reads the counter of a processor where it is constant', async () => {
  expect(parseTscKhz('flags\t\t: fpu constant_tsc rep_good\nbogomips\t: 5199.99\n')).toBe(2_600_000);
  expect(parseTscKhz('flags\t\t: fpu tsc rep_good\nbogomips\t: 5199.99\n')).toBeUndefined();
  expect(parseTscKhz('flags\t\t: fpu constant_tsc\n')).toBeUndefined();
  expect((await hostTscKhz()) ?? 1_000_000).toBeGreaterThan(500_000);
});
