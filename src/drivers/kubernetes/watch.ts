// A watch that goes on. It lists, then watches from the list's version; a watch that ends (the server's time is
// up, a connection is lost) is resumed from the last version seen, which bookmarks keep young; a version that the
// server has forgotten (410) makes it list again, and what changed meanwhile is told as if it had been seen.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson } from '../../lib/json.ts';
import { linesOf } from '../../lib/read-stream.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { KubeObject } from './object.ts';
import { isExpired, type KubeStatus, refusal } from './status.ts';
import type { Query } from './transport.ts';

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Of what is DELETED: as it was last seen. */
  object: T;
}

export interface Watched<T> {
  list(): Promise<{ items: T[]; version: string }>;
  open(query: Query, idleMs: number): Promise<AsyncIterable<Uint8Array>>;
}

/** The server ends each watch after this, so that a connection that died unnoticed is no silence for ever. */
const WATCH_SECONDS = 120;
const IDLE_MS = (WATCH_SECONDS + 20) * 1000;
const SHORTEST_ROUND_MS = 250;
const FIRST_WAIT_MS = 125;
const LONGEST_WAIT_MS = 15_000;

type Line = { type: string; object: KubeObject | KubeStatus };

/** As KubeClient.watch tells. */
export async function* watchFrom<T extends KubeObject>(
  api: Watched<T>,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>> {
  const known = new Map<string, T>();
  let version: string | null = null;
  let isFirst = true;
  let failures = 0;
  while (!signal.aborted) {
    const began = performance.now();
    try {
      if (version === null) {
        const list = await api.list();
        yield* differences(known, list.items);
        version = list.version;
        isFirst = false;
      }
      const query = { watch: 'true', resourceVersion: version, allowWatchBookmarks: 'true' };
      const body = await api.open({ ...query, timeoutSeconds: String(WATCH_SECONDS) }, IDLE_MS);
      failures = 0;
      for await (const text of linesOf(body)) {
        const line = readLine(text);
        version = line.object.metadata.resourceVersion;
        const event = applied(known, line as { type: string; object: T });
        if (event) yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isExpired(error)) version = null;
      else if (isFirst || !mayPass(error)) throw error;
      else failures += 1;
    }
    const waitMs = failures === 0 ? SHORTEST_ROUND_MS : Math.min(FIRST_WAIT_MS * 2 ** failures, LONGEST_WAIT_MS);
    const leftMs = waitMs * (0.75 + Math.random() / 2) - (failures === 0 ? performance.now() - began : 0);
    if (leftMs > 0) await sleep(leftMs, undefined, { signal }).catch(() => {});
  }
}

/** What a list tells that was not known, or not so. */
function* differences<T extends KubeObject>(known: Map<string, T>, items: T[]): Generator<WatchEvent<T>> {
  const now = new Map(items.map((object) => [object.metadata.uid, object]));
  for (const [uid, object] of [...known]) {
    if (now.has(uid)) continue;
    known.delete(uid);
    yield { type: 'DELETED', object };
  }
  for (const [uid, object] of now) {
    const before = known.get(uid);
    known.set(uid, object);
    if (!before) yield { type: 'ADDED', object };
    else if (before.metadata.resourceVersion !== object.metadata.resourceVersion)
      yield { type: 'MODIFIED', object };
  }
}

/** The line's event with what is known brought up to it; null for what tells of no object. */
function applied<T extends KubeObject>(
  known: Map<string, T>,
  { type, object }: { type: string; object: T },
): WatchEvent<T> | null {
  const { uid } = object.metadata;
  if (type === 'DELETED') {
    known.delete(uid);
    return { type, object };
  }
  if (type !== 'ADDED' && type !== 'MODIFIED') return null;
  const isNew = !known.has(uid);
  known.set(uid, object);
  return { type: isNew ? 'ADDED' : 'MODIFIED', object };
}

/** @throws SeedError for what the server reports instead of an event; Error for what is cut off, or no event */
function readLine(text: string): { type: string; object: KubeObject } {
  const line = parseJson(text) as Partial<Line> | undefined;
  if (typeof line?.type !== 'string' || !line.object) throw new Error('a line of the watch is no event');
  if (line.type === 'ERROR') {
    const status = line.object as KubeStatus;
    throw refusal(status.code ?? 500, JSON.stringify(status), { verb: 'watch', path: 'on' });
  }
  if (!(line.object as KubeObject).metadata?.resourceVersion) throw new Error('an event has no version');
  return line as { type: string; object: KubeObject };
}

/** A line that is too long would be so again. What is no SeedError is a connection that broke. */
function mayPass(error: unknown): boolean {
  return !(error instanceof SeedError) || (error.code === 'unreachable' && error.cause !== undefined);
}
