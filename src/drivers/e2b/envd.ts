// Programs in a sandbox by envd, E2B's daemon there: its service process.Process (spec/envd/process/process.proto
// of e2b-dev/infra). In JSON, bytes are base64 and what has its default is left out. It serves sandboxes of E2B's
// cloud, of an installation of one's own, and any machine or pod in which an envd listens.
import { z } from 'zod';
import { SeedError } from '../../protocol/errors.ts';
import type { ConnectClient, Server, Within } from './connect.ts';

/** On which envd listens. */
export const ENVD_PORT = 49_983;
/** So often it says that a program which says nothing lives. */
const PING_SECONDS = 10;

const Bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));

const ProcessEvent = z.object({
  start: z.object({ pid: z.number().int().positive() }).optional(),
  data: z.object({ stdout: Bytes.optional(), stderr: Bytes.optional() }).optional(),
  end: z
    .object({
      exitCode: z.number().int().default(0),
      exited: z.boolean().default(false),
      error: z.string().optional(),
    })
    .optional(),
});
/** One of them; none of them only says that the program lives. */
export type ProcessEvent = z.infer<typeof ProcessEvent>;
const EventMessage = z.object({ event: ProcessEvent.default({}) });

export interface Program {
  command: readonly string[];
  /** Whether it is to have an input; otherwise it finds that ended. */
  hasInput: boolean;
}

export interface Envd {
  /**
   * Starts a program as root, in /, with nothing but envd's environment. It lives on when these events are left.
   */
  start(program: Program, within: Within): Promise<AsyncIterable<ProcessEvent>>;
  /** Resolves when envd has handed all of it on to the program. */
  sendInput(pid: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** As `sendInput`, in one request for all of it. */
  streamInput(pid: number, input: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  closeInput(pid: number): Promise<void>;
  kill(pid: number): Promise<void>;
}

/** @param accessToken that the API gave for this sandbox; null: its envd takes everybody */
export function envdOf(client: ConnectClient, { url, headers }: Server, accessToken: string | null): Envd {
  const server: Server = {
    url,
    headers: {
      ...headers,
      // No password: envd takes the name's word for who is to run it.
      authorization: `Basic ${Buffer.from('root:').toString('base64')}`,
      ...(accessToken !== null && { 'x-access-token': accessToken }),
    },
  };
  const method = (name: string) => `process.Process/${name}`;
  const process = (pid: number) => ({ pid });
  const stdin = (bytes: Uint8Array) => ({ stdin: Buffer.from(bytes).toString('base64') });

  return {
    async start({ command: [cmd = '', ...args], hasInput }, within) {
      const pinged = {
        ...server,
        headers: { ...server.headers, 'keepalive-ping-interval': String(PING_SECONDS) },
      };
      const message = { process: { cmd, args, cwd: '/' }, stdin: hasInput };
      return eventsOf(await client.receive(pinged, method('Start'), message, within));
    },
    async sendInput(pid, bytes, signal) {
      const message = { process: process(pid), input: stdin(bytes) };
      await client.call(server, method('SendInput'), message, signal);
    },
    async streamInput(pid, input, signal) {
      async function* messages() {
        yield { start: { process: process(pid) } };
        for await (const bytes of input) yield { data: { input: stdin(bytes) } };
      }
      await client.send(server, method('StreamInput'), messages(), signal);
    },
    async closeInput(pid) {
      await client.call(server, method('CloseStdin'), { process: process(pid) });
    },
    async kill(pid) {
      await client.call(server, method('SendSignal'), { process: process(pid), signal: 'SIGNAL_SIGKILL' });
    },
  };
}

async function* eventsOf(messages: AsyncIterable<unknown>): AsyncGenerator<ProcessEvent> {
  for await (const message of messages) {
    const { data, error } = EventMessage.safeParse(message);
    if (error)
      throw new SeedError('unreachable', `envd tells of a program otherwise than it says: ${error.message}`);
    yield data.event;
  }
}
