// QEMU's machine protocol (docs/interop/qmp-spec): one JSON object a line, over a socket pair.
import type { Duplex, Readable } from 'node:stream';
import { isRecord, parseJson } from '../../lib/json.ts';
import { SeedError } from '../../protocol/errors.ts';

export interface Qmp {
  /** Rejects with SeedError `sandbox_failed` when QEMU refuses the command or has ended. */
  execute(command: string, args?: object): Promise<void>;
  /** Moves device state out or in and resolves when that is complete. Rejects like execute(). */
  migrate(command: 'migrate' | 'migrate-incoming', file: string): Promise<void>;
}

interface Message {
  QMP?: object;
  error?: { desc: string };
  event?: string;
  data?: { status?: string };
}

export async function openQmp(socket: Duplex): Promise<Qmp> {
  const answers: PromiseWithResolvers<void>[] = [];
  const migrated = Promise.withResolvers<void>();
  // Nobody may wait for it.
  migrated.promise.catch(() => {});
  let ended = false;

  function receive({ QMP, error, event, data }: Message): void {
    if (QMP) return;
    if (event === 'MIGRATION') {
      if (data?.status === 'completed') migrated.resolve();
      if (data?.status === 'failed') migrated.reject(failure('the device state cannot be moved'));
      return;
    }
    if (event) return;
    const answer = answers.shift();
    if (error) answer?.reject(failure(error.desc));
    else answer?.resolve();
  }

  function end(): void {
    ended = true;
    for (const waiting of [...answers.splice(0), migrated]) waiting.reject(failure('it has ended'));
  }

  socket.on('error', end).once('end', end).once('close', end);
  readLines(socket, (line) => {
    const message = parseJson(line);
    // What speaks another language is no QEMU that could be relied on, and not this process's end.
    if (isRecord(message)) receive(message as Message);
    else end();
  });

  function execute(command: string, args: object = {}): Promise<void> {
    if (ended) return Promise.reject(failure('it has ended'));
    const answer = Promise.withResolvers<void>();
    answers.push(answer);
    socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    return answer.promise;
  }

  const migration: Qmp = {
    execute,
    async migrate(command, file) {
      await execute(command, { uri: `file:${file}` });
      await migrated.promise;
    },
  };
  await execute('qmp_capabilities');
  // The memory stays where it is, in its file.
  const capabilities = ['x-ignore-shared', 'events'].map((capability) => ({ capability, state: true }));
  await execute('migrate-set-capabilities', { capabilities });
  return migration;
}

function failure(what: string): SeedError {
  return new SeedError('sandbox_failed', `QEMU: ${what}`);
}

/** Far above what either says; a machine whose control port says more is not ours. */
const LINE_BYTES = 65_536;

/** Calls `onLine` for each line, without its end. A line that is too long is the last: nothing more is read. */
export function readLines(source: Readable, onLine: (line: string) => void): void {
  let pending = '';
  source.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (pending.length > LINE_BYTES) source.pause();
  });
}
