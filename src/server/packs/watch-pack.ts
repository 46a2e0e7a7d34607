// The commands of a pack that is being written, taken anew whenever one of its files changes: `seed packs dev`.
// Called by server.ts when SEED_PACKS_DEV names the pack.
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedPack } from '../../pack/definition.ts';

/** Editors write a file in several steps, and several files at once. */
const SETTLE_MS = 60;

/** What SEED_PACKS_DEV says for every pack of packs/. */
export const ALL_PACKS = '*';

/** What is said of packs that were taken anew. @param written as SEED_PACKS_DEV has it */
export function servedLine(written: string, packs: readonly Pick<LoadedPack, 'setting' | 'commands'>[]): string {
  if (written === ALL_PACKS)
    return (
      packs.map(({ setting, commands }) => `${setting}: ${listed(commands)}`).join('\n') || 'There is no pack'
    );
  const pack = packs.find(({ setting }) => setting === written);
  return `${written}: ${pack ? listed(pack.commands) : 'SEED_PACKS leaves it out'}`;
}

const NAMED_MOST = 20;

function listed(commands: readonly { name: string }[]): string {
  const names = commands.map(({ name }) => name);
  const more = names.length - NAMED_MOST;
  return more > 0 ? `${names.slice(0, NAMED_MOST).join(', ')} and ${more} more` : names.join(', ');
}

export interface PackWatch {
  folder: URL;
  /** Loads the pack as it is now and serves it. Its error is told, and what was served goes on. */
  reload(): Promise<string>;
  say(line: string): void;
}

export function watchPack({ folder, reload, say }: PackWatch): Disposable {
  const edition = freshModules(folder);
  let timer: NodeJS.Timeout | undefined;
  let going = Promise.resolve();
  const take = async () => {
    const startedMs = performance.now();
    edition.next();
    const told = await reload().catch((error: Error & { hint?: string | null }) =>
      [`What was served goes on: ${error.message}`, ...(error.hint ? [`  → ${error.hint}`] : [])].join('\n'),
    );
    say(`${told} (${Math.round(performance.now() - startedMs)} ms)`);
  };
  const watched = watchFolders(folder, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      going = going.then(take);
    }, SETTLE_MS);
  });
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      watched.close();
      edition.end();
    },
  };
}

/** Each folder by itself: Node's own way to watch all below one loses files that an editor replaces. */
function watchFolders(root: URL, changed: () => void) {
  const watchers = new Map<string, FSWatcher>();
  const look = () => {
    const folders = foldersBelow(root);
    // Moved away, or just being replaced: what is watched stays as it is until something comes.
    if (folders === null) return;
    for (const path of [fileURLToPath(root), ...folders].slice(0, MOST_FOLDERS)) {
      if (watchers.has(path)) continue;
      const watcher = watchOne(path, () => {
        look();
        changed();
      });
      if (watcher === null) continue;
      const forget = () => {
        watcher.close();
        watchers.delete(path);
      };
      watchers.set(path, watcher.on('error', forget));
    }
    for (const [path, watcher] of watchers) {
      if (path === fileURLToPath(root) || folders.includes(path)) continue;
      watcher.close();
      watchers.delete(path);
    }
  };
  look();
  return {
    close: () => {
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

const MOST_FOLDERS = 200;

function nullIfGone(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

/** Null: the folder, or one of them, is gone. */
function foldersBelow(root: URL): string[] | null {
  try {
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.includes('node_modules'));
  } catch (error) {
    return nullIfGone(error);
  }
}

/** Null: it has gone meanwhile. */
function watchOne(path: string, changed: () => void): FSWatcher | null {
  try {
    return watch(path, changed);
  } catch (error) {
    return nullIfGone(error);
  }
}

/** Node keeps every module by its URL: each edition of the folder's has a number of its own. */
function freshModules(folder: URL) {
  let number = 0;
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const found = nextResolve(specifier, context);
      const isOurs = number > 0 && found.url.startsWith(folder.href) && !found.url.includes('?');
      return isOurs ? { ...found, url: `${found.url}?edition=${number}` } : found;
    },
  });
  return {
    next() {
      number += 1;
    },
    end: () => hooks.deregister(),
  };
}
