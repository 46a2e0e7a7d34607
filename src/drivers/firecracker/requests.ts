// Every request that is sent to Firecracker, in the order in which it takes them. Pure. Paths are relative to the
// machine's own folder (jail.ts), so that each clone of a snapshot finds its files under the same names.
import type { FirecrackerRequest } from './api.ts';

/** Names in a machine's folder. */
export const FILES = {
  api: 'api.sock',
  vsock: 'vsock.sock',
  kernel: 'kernel',
  initrd: 'initrd',
  disk: 'disk',
  state: 'state',
  memory: 'memory',
} as const;

/** Part of the snapshot's id: change it with anything here that changes the machine. */
export const MACHINE_VERSION = '1';

export interface MachineSize {
  vcpus: number;
  memoryMib: number;
}

/** What every machine of this driver has; a task's limits may be lower, never higher. */
export const MACHINE_SIZE: MachineSize = { vcpus: 2, memoryMib: 1024 };

/** The guest's own address; each machine has its own Unix socket, so that all can have the same. */
const GUEST_CID = 3;

const BOOT_ARGS = 'console=ttyS0 quiet loglevel=3 reboot=k panic=-1 i8042.noaux i8042.nomux';

/** Boots the image. No network interface: none is ever configured. */
export function bootRequests({ vcpus, memoryMib }: MachineSize): FirecrackerRequest[] {
  return [
    ['PUT', '/machine-config', { vcpu_count: vcpus, mem_size_mib: memoryMib }],
    [
      'PUT',
      '/boot-source',
      { kernel_image_path: FILES.kernel, initrd_path: FILES.initrd, boot_args: BOOT_ARGS },
    ],
    [
      'PUT',
      '/drives/root',
      { drive_id: 'root', path_on_host: FILES.disk, is_root_device: false, is_read_only: true },
    ],
    ['PUT', '/vsock', { guest_cid: GUEST_CID, uds_path: FILES.vsock }],
    ['PUT', '/entropy', {}],
    ['PUT', '/actions', { action_type: 'InstanceStart' }],
  ];
}

/** Boots a kernel that stands for itself (probe-kernel.ts). */
export function probeRequests(): FirecrackerRequest[] {
  return [
    ['PUT', '/machine-config', { vcpu_count: 1, mem_size_mib: 32 }],
    ['PUT', '/boot-source', { kernel_image_path: FILES.kernel, boot_args: 'reboot=k' }],
    ['PUT', '/actions', { action_type: 'InstanceStart' }],
  ];
}

/** Writes `state` and `memory` of a running machine. */
export function freezeRequests(): FirecrackerRequest[] {
  return [
    ['PATCH', '/vm', { state: 'Paused' }],
    [
      'PUT',
      '/snapshot/create',
      { snapshot_type: 'Full', snapshot_path: FILES.state, mem_file_path: FILES.memory },
    ],
  ];
}

/** Maps `memory` privately (copy on write) and lets the machine run on, with a socket of its own. */
export function restoreRequests(): FirecrackerRequest[] {
  return [
    [
      'PUT',
      '/snapshot/load',
      {
        snapshot_path: FILES.state,
        mem_backend: { backend_type: 'File', backend_path: FILES.memory },
        vsock_override: { uds_path: FILES.vsock },
      },
    ],
    ['PATCH', '/vm', { state: 'Resumed' }],
  ];
}
