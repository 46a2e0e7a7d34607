// Says to whoever watches the process from outside, such as a container's health check, that the runner lives: a
// file in its data folder is touched every few seconds. Called by main.ts.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseLogger } from 'pino';
import { every, type Loop } from '../lib/every.ts';

const EVERY_MS = 10_000;

/** deploy/image/healthcheck.mjs looks at its time. */
const FILE = 'runner.alive';

export function sayAlive(dataDir: string, log: BaseLogger): { stop(): Promise<void> } {
  const file = join(dataDir, FILE);
  const loop: Loop = every({ everyMs: EVERY_MS, name: 'say that the runner lives', log, atOnce: true }, () =>
    writeFile(file, ''),
  );
  return {
    async stop() {
      await loop.stop();
      await rm(file, { force: true });
    },
  };
}
