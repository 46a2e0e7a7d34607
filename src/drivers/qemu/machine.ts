// The virtual machine as QEMU's command line. Pure; the clones of a frozen machine differ in their memory only.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sandboxMarks } from '../process/sandbox-folder.ts';
import { toolCommand } from '../vm/tools.ts';
import { JAIL } from './jail.ts';

/** `tcg` is QEMU's own emulation of a processor. */
export type Accelerator = 'kvm' | 'tcg';

const MIB = 1024 * 1024;

/** More than a sandbox's usual 1 GiB: the kernel needs a part. */
const MEMORY_BYTES = 1280 * MIB;

/** File descriptors that QEMU is started with. */
const FD = { stream: 3, control: 4, qmp: 5, kvm: 6 } as const;

export const FILES = {
  kernel: 'vmlinuz',
  initramfs: 'initramfs',
  disk: 'disk.squashfs',
  ram: 'ram',
  state: 'state',
};

/** Where the machine's memory comes from, and with it what the machine does first. */
export type Memory =
  /** Boots; the memory is gone afterwards. */
  | { kind: 'probe' }
  /** Boots; what happens to the memory is kept in the file. */
  | { kind: 'template' }
  /** Waits for a device state; the memory is a private copy-on-write view of the file. */
  | { kind: 'clone' };

export interface Machine {
  accelerator: Accelerator;
  memory: Memory;
  /**
   * Frequency of the host's time stamp counter, which an emulated processor passes on. Without it the kernel
   * measures it, and may not succeed on a busy host. Only at boot.
   */
  tscKhz?: number | undefined;
}

const inside = (place: keyof typeof JAIL, name: string) => join(JAIL[place], name);

/** @param folder the sandbox's folder, which marks the process */
export function qemuCommand(folder: string, machine: Machine): string[] {
  return [...toolCommand(JAIL.tools, 'qemu'), '-name', sandboxMarks(folder).name, ...machineArgs(machine)];
}

/** All that makes up the machine; the snapshot's id is a hash over it. */
export function machineArgs({ accelerator, memory, tscKhz }: Machine): string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot'],
    ...['-L', inside('tools', 'firmware')],
    ...['-display', 'none', '-nic', 'none'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    // ACPI because Debian's kernel takes no virtio device from its command line.
    ...['-machine', 'microvm,acpi=on,pit=on,pic=on,rtc=off,pcie=off,usb=off,memory-backend=ram'],
    ...accelerate(accelerator),
    // Emulation has no use for a second processor on hosts where it is used.
    ...['-smp', accelerator === 'kvm' ? '2' : '1'],
    ...['-m', `${MEMORY_BYTES / MIB}M`],
    ...['-object', memoryBackend(memory)],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-object', 'rng-builtin,id=rng', '-device', 'virtio-rng-device,rng=rng'],
    ...['-device', 'virtio-serial-device,max_ports=3'],
    ...port('stream', 1),
    ...port('control', 2),
    ...['-chardev', `socket,id=qmp,fd=${FD.qmp}`, '-mon', 'chardev=qmp,mode=control'],
    ...(memory.kind === 'probe' ? [] : disk()),
    ...(memory.kind === 'clone' ? ['-incoming', 'defer'] : boot(accelerator === 'tcg' ? tscKhz : undefined)),
  ];
}

function accelerate(accelerator: Accelerator): string[] {
  if (accelerator === 'tcg') return ['-accel', 'tcg,tb-size=128', '-cpu', 'max'];
  return ['-add-fd', `fd=${FD.kvm},set=1`, '-accel', 'kvm,device=/dev/fdset/1', '-cpu', 'host'];
}

function memoryBackend({ kind }: Memory): string {
  const size = `id=ram,size=${MEMORY_BYTES / MIB}M`;
  if (kind === 'probe') return `memory-backend-ram,${size}`;
  const file = (place: keyof typeof JAIL) => `memory-backend-file,${size},mem-path=${inside(place, FILES.ram)}`;
  return kind === 'template' ? `${file('out')},share=on` : `${file('files')},share=off,readonly=on,rom=off`;
}

function port(name: 'stream' | 'control', number: number): string[] {
  const chardev = `socket,id=${name},fd=${FD[name]}`;
  return ['-chardev', chardev, '-device', `virtserialport,chardev=${name},name=${name},nr=${number}`];
}

function disk(): string[] {
  const file = `driver=file,node-name=disk,filename=${inside('files', FILES.disk)},read-only=on,locking=off`;
  return ['-blockdev', file, '-device', 'virtio-blk-device,drive=disk'];
}

function boot(tscKhz: number | undefined): string[] {
  const kernel = ['-kernel', inside('tools', FILES.kernel), '-initrd', inside('files', FILES.initramfs)];
  const words = ['console=ttyS0', 'quiet', 'panic=-1', 'reboot=t', 'tsc=reliable'];
  if (tscKhz !== undefined) words.push(`tsc_early_khz=${tscKhz}`);
  return [...kernel, '-append', words.join(' ')];
}

/** Hosts measure it anew at each start; the same machine shall give the same number. */
const ROUND_KHZ = 100;

/** In kHz; undefined where the host's kernel does not know. */
export async function hostTscKhz(): Promise<number | undefined> {
  return parseTscKhz(await readFile('/proc/cpuinfo', 'utf8'));
}

/** Linux derives its BogoMIPS from the counter where that is constant: two for each million ticks a second. */
export function parseTscKhz(cpuinfo: string): number | undefined {
  const bogomips = Number(/^bogomips\s*: ([\d.]+)$/m.exec(cpuinfo)?.[1] ?? Number.NaN);
  const isConstant = /^flags\s*:.*\bconstant_tsc\b/m.test(cpuinfo);
  if (!isConstant || Number.isNaN(bogomips)) return undefined;
  return Math.round((bogomips * 500) / ROUND_KHZ) * ROUND_KHZ;
}
