// Where the list of commands comes from: embedded, cached for minutes, or asked of the server. Used by run.ts.
import { join } from 'node:path';
import { parseJson } from '../lib/json.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Manifest } from '../protocol/manifest.ts';
import type { Api } from './api.ts';
import { fs } from './builtin.ts';
import type { Io } from './io.ts';
import { type Profile, userDirectory, writePrivately } from './profile.ts';

const FRESH_MS = 5 * 60_000;
const FORGET_MS = 24 * 60 * 60_000;
const PATH = '/api/v1/commands';

export interface ManifestSource {
  /** The commands, possibly as they were a few minutes ago. */
  load(): Promise<Manifest>;
  /** The commands as they are now, or null when `load` has just given them. */
  reload(): Promise<Manifest | null>;
}

export function embeddedManifest(manifest: Manifest): ManifestSource {
  return { load: async () => manifest, reload: async () => null };
}

/** @param refresh ask the server even when the cache is fresh */
export function cachedManifest(io: Io, api: Api, profile: Profile, { refresh }: { refresh: boolean }) {
  const path = cachePath(io, profile);
  let isCurrent = false;

  async function fetchManifest(): Promise<Manifest> {
    const manifest = parseManifest(await api.get(PATH));
    if (!manifest) {
      throw new SeedError('unreachable', `${api.url}${PATH} is not a list of commands`, {
        hint: 'Check the address: SEED_API_URL or --url.',
      });
    }
    isCurrent = true;
    store(io, path, { ...manifest, url: api.url });
    return manifest;
  }

  return {
    load: async () => (refresh ? null : readFresh(io, path, profile.url)) ?? (await fetchManifest()),
    reload: async () => (isCurrent ? null : fetchManifest()),
  };
}

/**
 * One file for a server and key, named by the key's public prefix, the one that `keys list` shows, or the end of a
 * token's signature: hashing the key would load node:crypto, a fifth of an empty program's start.
 */
function cachePath(io: Io, profile: Profile): string {
  const server = profile.url.replace(/[^a-z0-9.-]+/gi, '_').slice(0, 150);
  const publicPrefix = /^sk_live_[0-9A-Za-z]{4}(?=[0-9A-Za-z]{8})|(?<=\.[\w-]{40,})[\w-]{6}$/.exec(
    profile.key ?? '',
  )?.[0];
  const key = publicPrefix ?? (profile.key === null ? 'no-key' : 'other-key');
  return join(userDirectory(io, 'XDG_CACHE_HOME', '.cache'), `commands-${server}-${key}.json`);
}

/** What the cache holds, or null when there is nothing fresh and whole in it. */
function readFresh(io: Io, path: string, url: string): Manifest | null {
  try {
    const ageMs = io.clock.now().getTime() - fs.statSync(path).mtimeMs;
    return ageMs < FRESH_MS && ageMs > -FRESH_MS ? parseManifest(fs.readFileSync(path, 'utf8'), url) : null;
  } catch {
    return null;
  }
}

/** @param url for a cache: the server it must be of, since a file's name cannot tell every address apart */
function parseManifest(text: string, url?: string): Manifest | null {
  const value = parseJson(text) as (Partial<Manifest> & { url?: string }) | null | undefined;
  const isOfServer = url === undefined || value?.url === url;
  return Array.isArray(value?.commands) && isOfServer ? (value as Manifest) : null;
}

function store(io: Io, path: string, manifest: Manifest & { url: string }): void {
  try {
    writePrivately(path, JSON.stringify(manifest));
    forgetOld(io, join(path, '..'));
  } catch {
    // A home folder that cannot be written costs a request each time.
  }
}

function forgetOld(io: Io, directory: string): void {
  for (const name of fs.readdirSync(directory)) {
    const path = join(directory, name);
    const isOld = io.clock.now().getTime() - fs.statSync(path).mtimeMs > FORGET_MS;
    if (name.startsWith('commands-') && isOld) fs.rmSync(path, { force: true });
  }
}
