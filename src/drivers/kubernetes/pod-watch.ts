// Tells of pods as they change, by one watch for all of an installation's sandboxes, which runs while anybody
// follows one. Used by sandboxes.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import type { KubeClient } from './client.ts';
import type { Pod } from './pod.ts';

export interface PodObserver {
  /** As it is now, and after each change. */
  see(pod: Pod): void;
  /** It is not there any more. Called once, last. @param last as it was last seen */
  gone(last: Pod): void;
}

export interface PodWatch {
  /** @returns to follow it no longer */
  follow(pod: Pod, observer: PodObserver): () => void;
}

/** Between attempts to watch, while the API is away. */
const AGAIN_MS = 1000;

export function createPodWatch(client: KubeClient, labelSelector: string): PodWatch {
  const observers = new Map<string, PodObserver>();
  const known = new Map<string, Pod>();
  let watching: AbortController | null = null;

  function see(pod: Pod): void {
    known.set(pod.metadata.uid, pod);
    observers.get(pod.metadata.uid)?.see(pod);
  }

  function gone(pod: Pod): void {
    const { uid } = pod.metadata;
    known.delete(uid);
    const observer = observers.get(uid);
    observers.delete(uid);
    observer?.gone(pod);
    stopUnlessNeeded();
  }

  async function watch({ signal }: AbortController): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const { type, object } of client.watch<Pod>('pods', { labelSelector }, signal)) {
          if (signal.aborted) return;
          if (type === 'DELETED') gone(object);
          else see(object);
        }
      } catch {
        // Whoever asks for something else of the API is told why.
        await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  function stopUnlessNeeded(): void {
    if (observers.size > 0) return;
    watching?.abort();
    watching = null;
    known.clear();
  }

  /** What was removed before the watch began, or while it was away, is in none of its lists. */
  async function confirm(pod: Pod): Promise<void> {
    const { name, uid } = pod.metadata;
    while (observers.has(uid) && !known.has(uid)) {
      try {
        const now = await client.get<Pod>(`pods/${name}`);
        if (now.metadata.uid !== uid) gone(pod);
        else if (observers.has(uid)) see(now);
      } catch (error) {
        if (error instanceof SeedError && error.code === 'not_found') gone(pod);
        else await sleep(AGAIN_MS);
      }
    }
  }

  return {
    follow(pod, observer) {
      const { uid } = pod.metadata;
      observers.set(uid, observer);
      if (watching === null) {
        watching = new AbortController();
        void watch(watching);
      }
      observer.see(known.get(uid) ?? pod);
      if (!known.has(uid)) void confirm(pod);
      return () => {
        observers.delete(uid);
        stopUnlessNeeded();
      };
    },
  };
}
