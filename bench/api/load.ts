// The other side of the wire for bench/api.ts: one process that puts load on an address for some seconds and
// counts answers.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('./load-process.ts', import.meta.url));

export interface Load {
  url: string;
  seconds: number;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
}

export interface Loaded {
  /** Good answers. */
  perSecond: number;
  p99Ms: number;
  /** Answers that were no 2xx, and connections that broke. */
  refused: number;
}

export interface Loader {
  /** Rejects unless every answer was a good one: a figure of refused requests would mean nothing. */
  load(load: Load): Promise<Loaded>;
  stop(): void;
}

export function startLoader(): Loader {
  const child = fork(PROCESS);
  return {
    load: async (load) => {
      const answered = once(child, 'message');
      child.send(load);
      const [loaded] = (await answered) as [Loaded];
      if (loaded.refused > 0) throw new Error(`${load.url} refused ${loaded.refused} requests`);
      return loaded;
    },
    stop: () => void child.kill(),
  };
}
