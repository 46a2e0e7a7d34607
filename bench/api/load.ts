// The other side of the wire for bench/api.ts: one process that puts load on an address for some seconds, counts
// answers and looks whether they are right.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('./load-process.ts', import.meta.url));

/** What a good answer is: one of these texts, byte for byte, or a task of this instruction. */
export type Expected = { texts: readonly string[] } | { instruction: string };

export interface Load {
  url: string;
  /** Each request asks for one of them, at random. */
  paths: readonly string[];
  seconds: number;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  expected: Expected;
}

export interface Loaded {
  /** Good answers. */
  perSecond: number;
  answered: number;
  p99Ms: number;
  /** Answers that were no 2xx, and connections that broke. */
  refused: number;
  /** Answers that say something else than they should. */
  wrong: number;
}

export interface Loader {
  /** Rejects unless every answer was a good one: a figure of wrong or refused requests would mean nothing. */
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
      const where = `${load.url}${load.paths[0]}`;
      if (loaded.refused > 0) throw new Error(`${where} refused ${loaded.refused} requests`);
      if (loaded.wrong > 0) throw new Error(`${where} gave ${loaded.wrong} wrong answers`);
      if (loaded.answered === 0) throw new Error(`${where} answered nothing`);
      return loaded;
    },
    stop: () => void child.kill(),
  };
}
