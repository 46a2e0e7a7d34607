// Creates an object whose answer may be lost: it is created again then, and what has the name is ours if it has
// the mark of this very start. Used by both modes.
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import { patient } from '../patience.ts';
import type { KubeClient } from './client.ts';
import { ANNOTATIONS } from './names.ts';
import type { KubeObject } from './object.ts';
import type { ServerClock } from './server-clock.ts';

const API_WITHIN_MS = 15_000;
const AGAIN_MS = 300;

export interface Created {
  /** Of the kind's objects. */
  path: string;
  body: { metadata: { name: string; annotations: Record<string, string> } };
  /** For people: what is there already. */
  what: string;
}

/** @throws SeedError sandbox_failed, `unavailable` where trying again may help (a quota), unreachable */
export async function createOnce<T extends KubeObject>(
  client: KubeClient,
  clock: ServerClock,
  { path, body, what }: Created,
): Promise<T> {
  const until = performance.now() + patient(API_WITHIN_MS);
  for (;;) {
    const before = performance.now();
    try {
      const made = await client.create<T>(path, body);
      clock.note(made.metadata.creationTimestamp ?? '', before, performance.now());
      return made;
    } catch (error) {
      const { code, message } = error as SeedError;
      if (code === 'unreachable' && performance.now() < until) {
        await sleep(AGAIN_MS);
        continue;
      }
      if (code === 'conflict') {
        const there = await client.get<T>(`${path}/${body.metadata.name}`);
        const mark = body.metadata.annotations[ANNOTATIONS.start];
        if (there.metadata.annotations?.[ANNOTATIONS.start] === mark) return there;
        throw new SeedError('sandbox_failed', `There is ${what} already.`, { cause: error });
      }
      if (code === 'limit_exceeded') throw new SeedError('unavailable', message, { cause: error });
      if (code === 'unreachable' || !(error instanceof SeedError)) throw error;
      throw new SeedError('sandbox_failed', message, { ...(error.hint && { hint: error.hint }), cause: error });
    }
  }
}
