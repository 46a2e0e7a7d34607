// envd, E2B's daemon in a sandbox: its service process.Process over real programs in the machine, served by the
// Connect project's own library with the definitions that the vendor's SDK carries.
import { readFileSync } from 'node:fs';
import type { DescService } from '@bufbuild/protobuf';
import { fileDesc } from '@bufbuild/protobuf/codegenv2';
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import type { Machines, Started } from './machines.ts';

/** The descriptor of process.proto as the SDK's generated code has it. */
export const PROCESS_SERVICE: DescService = (() => {
  const code = readFileSync(new URL('./index.mjs', import.meta.resolve('e2b')), 'utf8');
  for (const [, encoded = ''] of code.matchAll(/fileDesc\("([A-Za-z0-9+/=]+)"/g)) {
    const isOfProcesses = Buffer.from(encoded, 'base64').includes('process/process.proto');
    if (isOfProcesses) return fileDesc(encoded).services[0] as DescService;
  }
  throw new Error('the e2b package has no process.proto in it');
})();

const USERS: Readonly<Record<string, { uid: number; home: string }>> = {
  root: { uid: 0, home: '/root' },
  user: { uid: 1000, home: '/home/agent' },
  agent: { uid: 1000, home: '/home/agent' },
};
const KEEP_ALIVE_SECONDS = 90;

interface Selector {
  selector: { case: 'pid'; value: number } | { case: 'tag'; value: string } | { case?: undefined };
}
interface Input {
  input: { case: 'stdin' | 'pty'; value: Uint8Array } | { case?: undefined };
}
interface StartMessage {
  process?: { cmd: string; args: string[]; envs: Record<string, string>; cwd?: string };
  pty?: object;
  tag?: string;
  stdin?: boolean;
}

type Event =
  | { case: 'start'; value: { pid: number } }
  | { case: 'data'; value: { output: { case: 'stdout' | 'stderr'; value: Uint8Array } } }
  | { case: 'end'; value: { exitCode: number; exited: boolean; status: string; error?: string } }
  | { case: 'keepalive'; value: object };

/** Whoever hears of a program; what nobody hears is gone, as with the real one. */
class Hearing {
  #queue: Event[] = [];
  #changed = Promise.withResolvers<void>();
  isOver = false;

  /** Resolves when it was taken: a program whose output nobody takes has to wait. */
  async tell(event: Event): Promise<void> {
    this.#queue.push(event);
    this.#wake();
    while (this.#queue.includes(event) && !this.isOver) await this.#changed.promise;
  }

  /** Null after `forMs` without one. */
  async next(forMs: number, signal: AbortSignal): Promise<Event | null> {
    const late = AbortSignal.any([AbortSignal.timeout(forMs), signal]);
    const isLate = new Promise<void>((resolve) => late.addEventListener('abort', () => resolve(), { once: true }));
    while (this.#queue.length === 0) {
      if (late.aborted) return null;
      await Promise.race([this.#changed.promise, isLate]);
    }
    const event = this.#queue.shift() ?? null;
    this.#wake();
    return event;
  }

  stop(): void {
    this.isOver = true;
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

interface Running extends Started {
  message: StartMessage;
  hearings: Set<Hearing>;
  canWrite: boolean;
}

/** The programs of one sandbox. */
export class Programs {
  readonly #running = new Map<number, Running>();
  readonly #machines: Machines;
  readonly #id: string;
  readonly #hear: (said: string) => void;

  /** @param hear is told what programs are started with and given */
  constructor(machines: Machines, id: string, hear: (said: string) => void) {
    this.#machines = machines;
    this.#id = id;
    this.#hear = hear;
  }

  /** As when it ends: what it has started loses its input, and nobody hears of it any more. */
  forget(): void {
    for (const { stdin, hearings } of this.#running.values()) {
      stdin.end();
      for (const hearing of hearings) hearing.stop();
    }
    this.#running.clear();
  }

  async start(message: StartMessage, user: string): Promise<{ pid: number; hearing: Hearing }> {
    const { process: { cmd, args, envs, cwd } = { cmd: '', args: [], envs: {} } } = message;
    this.#hear(JSON.stringify([cmd, args, envs]));
    const found = USERS[user];
    if (!found) throw new ConnectError(`error looking up user '${user}'`, Code.Unauthenticated);
    if (message.pty) throw new ConnectError('the double has no pty', Code.Unimplemented);
    const program = {
      command: [cmd, ...args],
      uid: found.uid,
      cwd: cwd ?? '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: found.home, ...envs },
    };
    const started = await this.#machines.exec(this.#id, program).catch((error: Error) => {
      throw new ConnectError(error.message, Code.Unavailable);
    });
    const hearing = new Hearing();
    const running: Running = { ...started, message, hearings: new Set([hearing]), canWrite: true };
    if (message.stdin === false) running.stdin.end();
    this.#running.set(running.pid, running);
    void this.#follow(running);
    return { pid: running.pid, hearing };
  }

  async #follow(running: Running): Promise<void> {
    const { hearings, pid } = running;
    const tellAll = (event: Event) => Promise.all([...hearings].map((hearing) => hearing.tell(event)));
    const pass = async (from: 'stdout' | 'stderr') => {
      try {
        for await (const chunk of running[from] as AsyncIterable<Buffer>) {
          await tellAll({ case: 'data', value: { output: { case: from, value: new Uint8Array(chunk) } } });
        }
      } catch {
        // Its machine is gone.
      }
    };
    await Promise.all([pass('stdout'), pass('stderr')]);
    const code = await running.ended;
    this.#running.delete(pid);
    const bySignal = code === null || code > 128;
    const exitCode = bySignal ? -1 : code;
    const status = bySignal ? 'signal: killed' : `exit status ${code}`;
    const error = exitCode === 0 ? {} : { error: status };
    await tellAll({ case: 'end', value: { exitCode, exited: !bySignal, status, ...error } });
  }

  connect(selector: Selector | undefined): { pid: number; hearing: Hearing } {
    const running = this.find(selector);
    const hearing = new Hearing();
    running.hearings.add(hearing);
    return { pid: running.pid, hearing };
  }

  leave(pid: number, hearing: Hearing): void {
    hearing.stop();
    this.#running.get(pid)?.hearings.delete(hearing);
  }

  find(selector: Selector | undefined): Running {
    const by = selector?.selector;
    const found = [...this.#running.values()].find(({ pid, message }) =>
      by?.case === 'pid' ? pid === by.value : by?.case === 'tag' && message.tag === by.value,
    );
    if (found) return found;
    throw new ConnectError(`process with ${by?.case} ${by?.case && by.value} not found`, Code.NotFound);
  }

  list() {
    return [...this.#running.values()].map(({ pid, message: { process: config, tag } }) => ({
      ...{ config, pid },
      ...(tag !== undefined && { tag }),
    }));
  }

  async write(running: Running, { input }: Input): Promise<void> {
    if (input.case !== 'stdin') throw new ConnectError(`invalid input type ${input.case}`, Code.Unimplemented);
    const { stdin } = running;
    this.#hear(Buffer.from(input.value).toString('latin1'));
    if (!running.canWrite || !stdin.writable) {
      throw new ConnectError('error writing to stdin: stdin not enabled or closed', Code.Internal);
    }
    await new Promise<void>((resolve, reject) => {
      stdin.write(input.value, (error) =>
        error ? reject(new ConnectError(`error writing to stdin: ${error.message}`, Code.Internal)) : resolve(),
      );
    });
  }

  async signal(running: Running, signal: number): Promise<void> {
    const command = ['/bin/sh', '-c', `kill -${signal} ${running.pid}`];
    await (await this.#machines.exec(this.#id, { command, uid: 0, cwd: '/', env: {} })).ended;
  }
}

/** @param programsOf the sandbox's that a request is for. @throws ConnectError */
export function serveProcesses(router: ConnectRouter, programsOf: (context: HandlerContext) => Programs): void {
  const user = ({ requestHeader }: HandlerContext) => {
    const [, encoded = ''] = /^Basic (.+)$/.exec(requestHeader.get('authorization') ?? '') ?? [];
    return Buffer.from(encoded, 'base64').toString('utf8').split(':')[0] || 'user';
  };

  async function* events(context: HandlerContext, programs: Programs, pid: number, hearing: Hearing) {
    const seconds = Number(context.requestHeader.get('keepalive-ping-interval')) || KEEP_ALIVE_SECONDS;
    try {
      yield { event: { event: { case: 'start', value: { pid } } } };
      while (!context.signal.aborted) {
        const event = await hearing.next(seconds * 1000, context.signal);
        yield { event: { event: event ?? { case: 'keepalive', value: {} } } };
        if (event?.case === 'end') return;
      }
    } finally {
      programs.leave(pid, hearing);
    }
  }

  // The service is not known to the compiler: what it takes and gives is as the definitions say.
  const served = {
    async *start(message: StartMessage, context: HandlerContext) {
      const programs = programsOf(context);
      const { pid, hearing } = await programs.start(message, user(context));
      yield* events(context, programs, pid, hearing);
    },
    async *connect(message: { process?: Selector }, context: HandlerContext) {
      const programs = programsOf(context);
      const { pid, hearing } = programs.connect(message.process);
      yield* events(context, programs, pid, hearing);
    },
    list: (_message: object, context: HandlerContext) => ({ processes: programsOf(context).list() }),
    async sendInput(message: { process?: Selector; input?: Input }, context: HandlerContext) {
      const programs = programsOf(context);
      await programs.write(programs.find(message.process), message.input ?? { input: {} });
      return {};
    },
    async streamInput(messages: AsyncIterable<StreamInput>, context: HandlerContext) {
      const programs = programsOf(context);
      let running: Running | undefined;
      for await (const { event } of messages) {
        if (event.case === 'start') running = programs.find(event.value.process);
        else if (event.case === 'data' && running)
          await programs.write(running, event.value.input ?? { input: {} });
      }
      return {};
    },
    closeStdin(message: { process?: Selector }, context: HandlerContext) {
      const running = programsOf(context).find(message.process);
      running.canWrite = false;
      running.stdin.end();
      return {};
    },
    async sendSignal(message: { process?: Selector; signal: number }, context: HandlerContext) {
      const programs = programsOf(context);
      await programs.signal(programs.find(message.process), message.signal);
      return {};
    },
  };
  router.service(PROCESS_SERVICE, served as object);
}

interface StreamInput {
  event:
    | { case: 'start'; value: { process?: Selector } }
    | { case: 'data'; value: { input?: Input } }
    | { case?: 'keepalive' | undefined };
}
