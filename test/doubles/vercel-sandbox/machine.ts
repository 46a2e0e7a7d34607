// A machine of the double: a sandbox in gVisor with no network but its own loopback, in which controller.py runs
// programs. Used by double.ts.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Duplex, PassThrough, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit } from '../../../src/drivers/driver.ts';
import { runtimeSpec } from '../../../src/drivers/gvisor/spec.ts';
import { startSandbox } from '../../../src/drivers/gvisor/start.ts';
import { patient } from '../../../src/drivers/patience.ts';
import { createSandboxes, type Sandboxes } from '../../../src/drivers/process/sandboxes.ts';

const MIB = 1024 * 1024;
const READY_MS = 60_000;
/** Longer than any plan lets one live: its own limit is the double's to keep. */
const LONGEST_MS = 6 * 3_600_000;
const CONTROLLER = new URL('controller.py', import.meta.url);
/** What can be written beside what every sandbox of Seed can; a snapshot has both. */
export const HOME = 'vercel';
export const PROGRAMS = 'opt/seed';
const CONNECTIONS = 0x8000_0000;

export interface Machines {
  /**
   * @param programs a folder of this host that is there in the place of its own programs, and cannot be written
   */
  start(size: { vcpus: number }, programs: string | null): Promise<Machine>;
  /** Kills all. */
  stop(): Promise<void>;
}

export interface Asked {
  argv: readonly string[];
  env?: Record<string, string>;
  cwd?: string;
  user?: 'root' | 'vercel-sandbox';
  tty?: boolean;
}

export interface Program {
  readonly output: Readable;
  readonly errors: Readable;
  readonly input: Duplex;
  /** 128 and more: by a signal. Rejects when the machine is gone. */
  readonly code: Promise<number>;
  kill(signal: number): void;
  /** Hangs its terminal up. */
  close(): void;
}

/** A connection that a program in the machine has opened to a forwarded name. */
export interface Connection {
  port: number;
  stream: Duplex;
}

export interface Machine {
  readonly id: string;
  readonly gone: Promise<Exit>;
  run(asked: Asked): Program;
  forward(hosts: readonly string[], ca: string, onConnection: (connection: Connection) => void): void;
  cpuMs(): Promise<number>;
  kill(): Promise<void>;
}

export interface MachinesParts {
  runscPath: string;
  rootfs: string;
  dataDir: string;
}

export function createMachines({ runscPath, rootfs, dataDir }: MachinesParts): Machines {
  const sandboxes = createSandboxes(dataDir);
  return {
    async start(size, programs) {
      const id = randomUUID();
      const spec = runtimeSpec(rootfs, ['/usr/bin/python3', '-u', '-c', await readFile(CONTROLLER, 'utf8')]);
      const writable = (path: string) => ({
        ...{ destination: `/${path}`, type: 'tmpfs', source: 'tmpfs' },
        options: ['nosuid', 'nodev', 'mode=0755', `size=${512 * MIB}`],
      });
      const given = { destination: `/${PROGRAMS}`, type: 'bind', source: programs ?? '', options: ['bind', 'ro'] };
      const kept = [writable(HOME), programs === null ? writable(PROGRAMS) : given];
      const capabilities = ['CAP_NET_BIND_SERVICE', 'CAP_FOWNER', 'CAP_SYS_NICE'];
      const all = [...spec.process.capabilities.effective, ...capabilities];
      const process = { ...spec.process, capabilities: { bounding: all, effective: all, permitted: all } };
      const more = { ...spec, process, mounts: [...spec.mounts, ...kept] };
      const deadline = performance.now() + LONGEST_MS;
      const limits = { vcpus: size.vcpus, memoryBytes: size.vcpus * 2048 * MIB, diskBytes: 0, processes: 1024 };
      await sandboxes.start(id, { spec: more, deadline }, (folder, leftovers) =>
        startSandbox({ runscPath, folder, command: ['run'], deadline, limits, leftovers }),
      );
      return connect(sandboxes, id);
    },
    async stop() {
      await sandboxes.calls.sweep('');
    },
  };
}

async function connect({ calls }: Sandboxes, id: string): Promise<Machine> {
  const wire = await calls.connect(id);
  const gone = calls.ended(id);
  const programs = new Map<number, Running>();
  const ready = Promise.withResolvers<void>();
  let onConnection = (_: Connection): void => undefined;
  let next = 1;
  const send = (kind: string, number: number, content: Buffer | object = Buffer.alloc(0)) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const head = Buffer.alloc(9);
    head.write(kind, 0);
    head.writeUInt32BE(number, 1);
    head.writeUInt32BE(bytes.length, 5);
    if (!wire.destroyed) wire.write(Buffer.concat([head, bytes]));
  };
  onFrames(wire, (kind, number, content) => {
    const program = programs.get(number);
    if (kind === 'R') ready.resolve();
    else if (kind === 'N') {
      const made = running(number, send, () => programs.delete(number));
      programs.set(number, made);
      const { port } = JSON.parse(content.toString()) as { port: number };
      onConnection({ port, stream: made.connection() });
    } else if (kind === 'O') program?.say(program.output, content);
    else if (kind === 'X') program?.say(program.errors, content);
    else if (kind === 'A') program?.taken(content.readUInt32BE(0));
    else if (kind === 'Q') program?.end(0);
    else if (kind === 'E') program?.end((JSON.parse(content.toString()) as { code: number }).code);
  });
  void gone.then((exit) => {
    ready.reject(new Error(`the machine ended: ${JSON.stringify(exit)}`));
    for (const program of programs.values()) program.lose(new Error('the machine is gone'));
  });
  await Promise.race([
    ready.promise,
    sleep(patient(READY_MS), undefined, { ref: false }).then(() =>
      Promise.reject(new Error('the machine is not ready')),
    ),
  ]).catch(async (error: Error) => {
    await calls.kill(id);
    throw error;
  });
  return {
    id,
    gone,
    run({ argv, env = {}, cwd = '/', user = 'root', tty = false }) {
      const number = next++;
      const program = running(number, send, () => programs.delete(number));
      programs.set(number, program);
      send('S', number, { argv, env, cwd, user, tty });
      return program;
    },
    forward(hosts, ca, on) {
      onConnection = on;
      send('P', 0, { hosts, ca });
    },
    cpuMs: async () => (await calls.usage(id)).cpuSeconds * 1000,
    kill: async () => void (await calls.kill(id)),
  };
}

interface Running extends Program {
  say(to: Readable, content: Buffer): void;
  taken(bytes: number): void;
  end(code: number): void;
  lose(error: Error): void;
  connection(): Duplex;
}

/** What is written waits until the other end has taken it; what is read is taken when it is read here. */
function running(
  number: number,
  send: (kind: string, number: number, content?: Buffer | object) => void,
  over: () => void,
): Running {
  const [output, errors] = [new PassThrough(), new PassThrough()];
  const { promise: code, resolve, reject } = Promise.withResolvers<number>();
  code.catch(() => undefined);
  let untaken = 0;
  let waiting: (() => void) | null = null;
  const input = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      untaken += chunk.length;
      send('I', number, chunk);
      if (untaken < 256 * 1024) done();
      else waiting = done;
    },
    final(done) {
      send('E', number);
      done();
    },
  });
  for (const stream of [output, errors, input]) stream.on('error', () => undefined);
  const acknowledge = (bytes: number) => {
    const content = Buffer.alloc(4);
    content.writeUInt32BE(bytes);
    send('A', number, content);
  };
  let owed = 0;
  let isFull = false;
  const settle = () => {
    isFull = false;
    if (owed > 0) acknowledge(owed);
    owed = 0;
  };
  return {
    ...{ output, errors, input, code },
    say(to, content) {
      const pipe = to as PassThrough;
      // All that waits is taken at once when there is room again.
      owed += content.length;
      if (!pipe.write(content)) {
        if (!isFull) pipe.once('drain', settle);
        isFull = true;
      } else if (!isFull) settle();
    },
    taken(bytes) {
      untaken -= bytes;
      const done = waiting;
      waiting = null;
      done?.();
    },
    end(exitCode) {
      over();
      output.end();
      errors.end();
      resolve(exitCode);
    },
    lose(error) {
      over();
      for (const stream of [output, errors]) stream.destroy(error);
      reject(error);
    },
    kill: (signal) => send('K', number, { signal }),
    close: () => send('C', number),
    connection() {
      const stream = Duplex.from({ readable: output, writable: input });
      stream.on('error', () => undefined).once('close', () => number >= CONNECTIONS && send('C', number));
      return stream;
    },
  };
}

function onFrames(wire: Readable, onFrame: (kind: string, number: number, content: Buffer) => void): void {
  let held: Buffer = Buffer.alloc(0);
  wire.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= 9) {
      const length = held.readUInt32BE(5);
      if (held.length < 9 + length) return;
      const [kind, number] = [held.toString('latin1', 0, 1), held.readUInt32BE(1)];
      const content = held.subarray(9, 9 + length);
      held = held.subarray(9 + length);
      onFrame(kind, number, content);
    }
  });
}
