// The processes of a function: started when none has room, stopped (SIGSTOP) while nothing of theirs is under way,
// continued with their next request, and killed in their time. Used by host.ts.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, 'instance.ts');

export interface InstanceOptions {
  /** What instance.ts is told. */
  given: object;
  env?: NodeJS.ProcessEnv;
  /** What they say is added there; missing: to what the host says. */
  logFile?: string;
  /** Requests at a time in one. */
  concurrency: number;
  /** Whether one is stopped between requests. */
  freezes: boolean;
  /** The share of answers, 0 to 1, behind which the instance is killed. */
  killShare: number;
  /** What is still waited for so long behind an answer is given up, and the instance killed. */
  settleMs: number;
  random(): number;
}

export interface InstanceCounts {
  started: number;
  frozen: number;
  killed: number;
  importMs: number[];
}

interface Instance {
  child: ChildProcess;
  port: number;
  under: Set<string>;
  isFrozen: boolean;
  isDoomed: boolean;
}

export class Instances {
  readonly counts: InstanceCounts = { started: 0, frozen: 0, killed: 0, importMs: [] };
  /** As the option says; a test may have others die from now on. */
  killShare: number;
  readonly #options: InstanceOptions;
  readonly #all = new Set<Instance>();
  readonly #overs = new Map<string, () => void>();
  #starting: Promise<Instance> | null = null;
  #ended = false;

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.killShare = options.killShare;
  }

  /** One that runs and has room. @param id of the request, which is under way there from then on */
  async take(id: string): Promise<{ port: number; answered(): void; kill(): void }> {
    const instance = await this.#withRoom();
    instance.under.add(id);
    if (instance.isFrozen) {
      instance.isFrozen = false;
      instance.child.kill('SIGCONT');
    }
    return {
      port: instance.port,
      answered: () => this.#answered(instance, id),
      kill: () => void this.#kill(instance),
    };
  }

  pids(): number[] {
    return [...this.#all].flatMap(({ child }) => child.pid ?? []);
  }

  /** One starts at a time: whoever comes meanwhile may find room in it. */
  async #withRoom(): Promise<Instance> {
    const { concurrency } = this.#options;
    for (;;) {
      if (this.#ended) throw new Error('the host has stopped');
      const free = [...this.#all].filter(({ under, isDoomed }) => !isDoomed && under.size < concurrency);
      // Any of them: what one process knows the next one need not.
      const taken = free[Math.floor(this.#options.random() * free.length)];
      if (taken) return taken;
      this.#starting ??= this.#start().finally(() => {
        this.#starting = null;
      });
      await this.#starting;
    }
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#starting?.catch(() => undefined);
    await Promise.all([...this.#all].map((instance) => this.#kill(instance)));
  }

  async #start(): Promise<Instance> {
    const { given, env = {}, logFile } = this.#options;
    const log = logFile === undefined ? 'inherit' : openSync(logFile, 'a');
    // One that is stopped does not notice that its host is gone.
    const child = fork(PROGRAM, {
      execPath: 'setpriv',
      execArgv: ['--pdeathsig', 'KILL', '--', process.execPath],
      env: {
        PATH: process.env['PATH'] ?? '',
        ...env,
        FUNCTION_HOST_GIVEN: JSON.stringify(given, sendable),
      },
      stdio: ['ignore', log, log, 'ipc'],
    });
    if (log !== 'inherit') closeSync(log);
    const [message] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => {
        throw new Error('an instance of the function did not start');
      }),
    ])) as [{ ready: number; importMs: number }];
    const instance: Instance = { child, port: message.ready, under: new Set(), isFrozen: false, isDoomed: false };
    this.counts.started += 1;
    this.counts.importMs.push(message.importMs);
    child.on('message', ({ over }: { over?: string }) => {
      if (over !== undefined) this.#over(instance, over);
    });
    child.once('exit', () => {
      this.#all.delete(instance);
      for (const id of instance.under) this.#overs.get(id)?.();
    });
    this.#all.add(instance);
    return instance;
  }

  /** The answer is out; what it left to be done has its time. */
  #answered(instance: Instance, id: string): void {
    const { settleMs, random } = this.#options;
    if (random() < this.killShare) instance.isDoomed = true;
    if (!instance.under.has(id)) return;
    const late = setTimeout(() => {
      instance.isDoomed = true;
      this.#over(instance, id);
    }, settleMs);
    this.#overs.set(id, () => clearTimeout(late));
  }

  #over(instance: Instance, id: string): void {
    this.#overs.get(id)?.();
    this.#overs.delete(id);
    instance.under.delete(id);
    if (instance.under.size > 0) return;
    if (instance.isDoomed) void this.#kill(instance);
    else if (this.#options.freezes) {
      instance.isFrozen = true;
      this.counts.frozen += 1;
      instance.child.kill('SIGSTOP');
    }
  }

  async #kill(instance: Instance): Promise<void> {
    const { child } = instance;
    instance.isDoomed = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    this.counts.killed += 1;
    await ended;
  }
}

/** URLs and maps are no JSON. */
function sendable(this: unknown, key: string, value: unknown): unknown {
  const own = (this as Record<string, unknown>)[key];
  if (own instanceof Map) return { isMap: [...own] };
  return own instanceof URL ? { isUrl: own.href } : value;
}
