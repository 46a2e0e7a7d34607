// Every request that is sent to Firecracker, in the order in which it takes them, and a client for them. Paths are
// relative to the machine's own folder (jail.ts), so that each clone of a snapshot finds its files under the same
// names. The field names are Firecracker's (src/firecracker/swagger/firecracker.yaml in its repository).
import { request } from 'node:http';
import { parseJson } from '../../lib/json.ts';
import { SeedError } from '../../protocol/errors.ts';

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
  const disk: Drive = { drive_id: 'root', path_on_host: FILES.disk, is_root_device: false, is_read_only: true };
  return [
    ['PUT', '/machine-config', { vcpu_count: vcpus, mem_size_mib: memoryMib }],
    ['PUT', '/boot-source', { kernel_image_path: FILES.kernel, initrd_path: FILES.initrd, boot_args: BOOT_ARGS }],
    ['PUT', '/drives/root', disk],
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
  const files = { snapshot_path: FILES.state, mem_file_path: FILES.memory };
  return [
    ['PATCH', '/vm', { state: 'Paused' }],
    ['PUT', '/snapshot/create', { snapshot_type: 'Full', ...files }],
  ];
}

/** Maps `memory` privately (copy on write) and lets the machine run on, with a socket of its own. */
export function restoreRequests(): FirecrackerRequest[] {
  const load: SnapshotLoad = {
    snapshot_path: FILES.state,
    mem_backend: { backend_type: 'File', backend_path: FILES.memory },
    vsock_override: { uds_path: FILES.vsock },
  };
  return [
    ['PUT', '/snapshot/load', load],
    ['PATCH', '/vm', { state: 'Resumed' }],
  ];
}

export type FirecrackerRequest =
  | ['PUT', '/machine-config', { vcpu_count: number; mem_size_mib: number }]
  | ['PUT', '/boot-source', { kernel_image_path: string; initrd_path?: string; boot_args: string }]
  | ['PUT', '/drives/root', Drive]
  | ['PUT', '/vsock', { guest_cid: number; uds_path: string }]
  | ['PUT', '/entropy', Record<string, never>]
  | ['PUT', '/actions', { action_type: 'InstanceStart' }]
  | ['PATCH', '/vm', { state: 'Paused' | 'Resumed' }]
  | ['PUT', '/snapshot/create', { snapshot_type: 'Full'; snapshot_path: string; mem_file_path: string }]
  | ['PUT', '/snapshot/load', SnapshotLoad];

interface Drive {
  drive_id: 'root';
  path_on_host: string;
  is_root_device: boolean;
  is_read_only: true;
}

interface SnapshotLoad {
  snapshot_path: string;
  mem_backend: { backend_type: 'File'; backend_path: string };
  vsock_override: { uds_path: string };
}

const ANSWER_BYTES = 64 * 1024;

/**
 * Sends the requests one after the other; each must be answered 204 before the next.
 * Throws SeedError `sandbox_failed` with what Firecracker said, or when it does not answer before `signal` aborts.
 */
export async function sendAll(
  socketPath: string,
  requests: readonly FirecrackerRequest[],
  signal: AbortSignal,
): Promise<void> {
  for (const one of requests) {
    const [method, path] = one;
    const { status, text } = await exchange(socketPath, one, signal).catch((cause: Error) => {
      const what = `Firecracker did not answer ${method} ${path}: ${cause.message}`;
      throw new SeedError('sandbox_failed', what, { cause });
    });
    if (status === 204) continue;
    throw new SeedError('sandbox_failed', `Firecracker refused ${method} ${path} (${status}): ${faultOf(text)}`);
  }
}

function exchange(
  socketPath: string,
  [method, path, content]: FirecrackerRequest,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const body = JSON.stringify(content);
  return new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    // Each request has its own connection: Firecracker serves one at a time, and nothing is left open in between.
    const call = request({ socketPath, method, path, headers, signal, agent: false, host: 'localhost' });
    call.once('error', reject);
    call.once('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        if (text.length < ANSWER_BYTES) text += chunk;
      });
      answer.once('error', reject);
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    call.end(body);
  });
}

function faultOf(text: string): string {
  const fault = (parseJson(text) as { fault_message?: unknown } | null | undefined)?.fault_message;
  return typeof fault === 'string' ? fault : text.slice(0, 500) || 'without a word';
}
