// A client of Firecracker's REST API: only the requests that the driver sends, typed, over the machine's Unix socket.
// The field names are Firecracker's (src/firecracker/swagger/firecracker.yaml in its repository).
import { request } from 'node:http';
import { SeedError } from '../../protocol/errors.ts';

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
  for (const one of requests) await send(socketPath, one, signal);
}

async function send(
  socketPath: string,
  [method, path, body]: FirecrackerRequest,
  signal: AbortSignal,
): Promise<void> {
  const { status, text } = await exchange(socketPath, method, path, JSON.stringify(body), signal).catch(
    (cause: Error) => {
      throw new SeedError(
        'sandbox_failed',
        `Firecracker did not answer ${method} ${path}: ${cause.message}`,
        {
          cause,
        },
      );
    },
  );
  if (status === 204) return;
  throw new SeedError(
    'sandbox_failed',
    `Firecracker refused ${method} ${path} (${status}): ${faultOf(text)}`,
  );
}

interface Answer {
  status: number;
  text: string;
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: string,
  signal: AbortSignal,
): Promise<Answer> {
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
  try {
    const { fault_message: fault } = JSON.parse(text) as { fault_message?: unknown };
    if (typeof fault === 'string') return fault;
  } catch {
    // Not JSON: the text itself has to do.
  }
  return text.slice(0, 500) || 'without a word';
}
