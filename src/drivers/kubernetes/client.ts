// The client of the Kubernetes API: the few calls that the driver makes, within one namespace. Our own, on undici
// and ws: @kubernetes/client-node 2.0.1 brings 68 packages of 82 MB and 350 ms of processor time at each load
// (measured) for these calls, and its exec knows neither half-close nor backpressure.
import { SeedError } from '../../protocol/errors.ts';
import type { Credentials } from './credentials.ts';
import { type ExecOptions, type ExecStream, openExec } from './exec-stream.ts';
import type { KubeObject } from './object.ts';
import { isExpired } from './status.ts';
import { createTransport, type Query } from './transport.ts';
import { type WatchEvent, watchFrom } from './watch.ts';

/**
 * Paths are from the API's root where they begin with a slash, else of the namespace's core objects: `pods/x`.
 * Every method throws SeedError: `unreachable` (no answer, 429, 5xx: may pass), `not_found`, `conflict`,
 * `not_allowed` (the hint names the verb and resource that RBAC lacks), `limit_exceeded` (a quota),
 * `not_authenticated`, `invalid_input`. `kubeStatusOf` gives the API's own words. What can be sent twice is tried
 * again within some seconds; a create or a JSON patch only where it is certain that nothing was done.
 */
export interface KubeClient {
  readonly server: string;
  readonly namespace: string;
  get<T>(path: string, query?: Query): Promise<T>;
  create<T>(path: string, body: unknown): Promise<T>;
  patch<T>(path: string, body: unknown, type: PatchType): Promise<T>;
  /** With `uid`: only if it is still that one, else `conflict`. Accepted is not yet gone. */
  delete(path: string, options?: { uid?: string; graceSeconds?: number }): Promise<void>;
  /** All of them, however many pages it takes. @throws SeedError body_too_large over 50,000 */
  list<T>(path: string, query?: Query): Promise<T[]>;
  /**
   * Begins with what there is, as ADDED, and goes on until `signal`, which ends it without an error. Goes on over
   * lost connections; what changed meanwhile is told after. The first list's failure is thrown, and later ones
   * that cannot pass.
   */
  watch<T extends KubeObject>(path: string, query: Query, signal: AbortSignal): AsyncIterable<WatchEvent<T>>;
  /** @throws SeedError also for a container that does not run */
  exec(pod: string, options: ExecOptions): Promise<ExecStream>;
  /** Lets go of its connections. Streams of `exec` are their holders'. */
  close(): Promise<void>;
}

export type PatchType = keyof typeof PATCH_TYPES;
const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;

const PAGE = 500;
const MOST_OBJECTS = 50_000;
/** A list whose next page has expired is begun anew; one that never comes to its end is given up. */
const LIST_TRIES = 3;

interface Page<T> {
  metadata: { resourceVersion: string; continue?: string };
  items?: T[];
}

/** No I/O yet. @param namespace that of the credentials unless given */
export function createKubeClient(credentials: Credentials, namespace = credentials.namespace): KubeClient {
  if (namespace === undefined) {
    throw new SeedError(
      'invalid_settings',
      'It is not known in which namespace of the cluster sandboxes are to be',
      {
        hint: 'Set SEED_KUBERNETES_NAMESPACE.',
      },
    );
  }
  const transport = createTransport(credentials);
  const full = (path: string) => fullPath(namespace, path);
  const json = <T>(ask: Parameters<typeof transport.json>[0]) => transport.json(ask) as Promise<T>;

  async function listFrom<T>(path: string, query: Query, signal?: AbortSignal) {
    for (let tries = 1; ; tries++) {
      try {
        return await allPages<T>(path, query, signal);
      } catch (error) {
        if (!isExpired(error) || tries === LIST_TRIES) throw error;
      }
    }
  }

  async function allPages<T>(path: string, query: Query, signal?: AbortSignal) {
    const items: T[] = [];
    for (let next: string | undefined; ; ) {
      const asked = { limit: String(PAGE), ...query, continue: next };
      const page = await json<Page<T>>({
        ...{ verb: 'list', method: 'GET', path: full(path) },
        ...{ query: asked, repeatable: true, signal },
      });
      items.push(...(page.items ?? []));
      if (items.length > MOST_OBJECTS) {
        throw new SeedError('body_too_large', `${full(path)} has more than ${MOST_OBJECTS} objects`);
      }
      next = page.metadata.continue || undefined;
      if (next === undefined) return { items, version: page.metadata.resourceVersion };
    }
  }

  return {
    server: credentials.server,
    namespace,
    get: async (path, query) => json({ verb: 'get', method: 'GET', path: full(path), query, repeatable: true }),
    create: async (path, body) =>
      json({ verb: 'create', method: 'POST', path: full(path), body, repeatable: false }),
    patch: async (path, body, type) =>
      json({
        ...{ verb: 'patch', method: 'PATCH', path: full(path), body },
        ...{ type: PATCH_TYPES[type], repeatable: type !== 'json' },
      }),
    async delete(path, { uid, graceSeconds } = {}) {
      const body = {
        ...{ apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' },
        ...(uid !== undefined && { preconditions: { uid } }),
        ...(graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds }),
      };
      await json({ verb: 'delete', method: 'DELETE', path: full(path), body, repeatable: true });
    },
    list: async <T>(path: string, query: Query = {}) => (await listFrom<T>(path, query)).items,
    watch<T extends KubeObject>(path: string, query: Query, signal: AbortSignal) {
      return watchFrom<T>(
        {
          list: () => listFrom<T>(path, query, signal),
          open: (more, idleMs) =>
            transport.open(
              {
                ...{ verb: 'watch', method: 'GET', path: full(path) },
                ...{ query: { ...query, ...more }, repeatable: true, signal },
              },
              idleMs,
            ),
        },
        signal,
      );
    },
    exec: async (pod, options) => openExec(credentials, full(`pods/${encodeURIComponent(pod)}/exec`), options),
    close: () => transport.close(),
  };
}

/** @throws SeedError invalid_input for a path that would be read as another one */
function fullPath(namespace: string, path: string): string {
  const full = path.startsWith('/') ? path : `/api/v1/namespaces/${encodeURIComponent(namespace)}/${path}`;
  if (/[?#\\\s]|\/\/|\/\.{1,2}(\/|$)/.test(full)) {
    throw new SeedError('invalid_input', `"${full}" is no path of the Kubernetes API`);
  }
  return full;
}
