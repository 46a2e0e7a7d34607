// Which entries of an archive may be kept of a workspace and put into another one: plain files, folders, and links
// that stay within. What made the archive is not trusted. Pure. Used by workspace.ts, at both ends.
import type { Header } from 'tar-stream';
import { LIMITS } from '../protocol/limits.ts';

const NAME_BYTES = 4_096;
/** The caller's, and given anew to each task. */
const NOT_KEPT = ['in'];
/** What could not be kept, as text: made by the guest alone, as the last entry. */
export const NOTES_NAME = '.seed-not-kept';

/** Whatever an archive says, which may lack anything. */
export type Entry = Partial<Omit<Header, 'linkname'>> & Pick<Header, 'name'> & { linkname?: string | null };

type KeptEntry = Pick<Header, 'name' | 'type' | 'size' | 'mode' | 'mtime'> & Partial<Pick<Header, 'linkname'>>;

export interface Sieve {
  /** The entry as it is to be made; null: it is not. */
  keep(entry: Entry): KeptEntry | null;
  /** What was not kept, in sentences. */
  notes(): string[];
  /** Whether something was left for being too many or too large together. */
  isFull(): boolean;
}

const KINDS = {
  outside: 'links or names that lead out of it',
  kind: 'entries that are neither files, folders nor links',
  twice: 'entries whose place was taken',
  many: 'entries, since there are too many or they are too large together',
} as const;

export function createSieve(
  maxEntries: number = LIMITS.workspaceEntries,
  maxBytes: number = LIMITS.workspaceBytes,
): Sieve {
  const places = new Map<string, 'file' | 'directory' | 'symlink'>();
  const left = new Map<keyof typeof KINDS, { count: number; first: string }>();
  let bytes = 0;
  const leave = (why: keyof typeof KINDS, name: string): null => {
    const known = left.get(why) ?? { count: 0, first: name };
    left.set(why, { ...known, count: known.count + 1 });
    return null;
  };

  /** Whether nothing but folders is on the way. */
  function hasPlace(parts: readonly string[]): boolean {
    return parts.slice(1).every((_, index) => {
      const there = places.get(parts.slice(0, index + 1).join('/'));
      return there === undefined || there === 'directory';
    });
  }

  return {
    keep({ name: written, type, size = 0, mode = 0o644, mtime, linkname }) {
      const parts = partsOf(written);
      if (parts === null) return leave('outside', written);
      const name = parts.join('/');
      if (name === '' || NOT_KEPT.includes(parts[0] ?? '') || name === NOTES_NAME) return null;
      if (type !== 'file' && type !== 'directory' && type !== 'symlink' && type !== 'link')
        return leave('kind', written);
      const target = linkname ?? '';
      if (type === 'symlink' && !staysWithin(parts, target)) return leave('outside', written);
      const linked = type === 'link' ? partsOf(target)?.join('/') : undefined;
      if (type === 'link' && (linked === undefined || places.get(linked) !== 'file'))
        return leave('outside', written);
      const isAgain = type === 'directory' && places.get(name) === 'directory';
      if (!hasPlace(parts) || (places.has(name) && !isAgain)) return leave('twice', written);
      if (places.size >= maxEntries || bytes + size > maxBytes) return leave('many', written);
      bytes += type === 'file' ? size : 0;
      for (const [index] of parts.slice(1).entries()) places.set(parts.slice(0, index + 1).join('/'), 'directory');
      places.set(name, type === 'link' ? 'file' : type);
      return {
        name,
        type,
        size: type === 'file' ? size : 0,
        // Never another user's rights, nor a folder that its owner cannot go into.
        mode: type === 'directory' ? (mode & 0o777) | 0o700 : mode & 0o777,
        mtime: timeOf(mtime),
        ...(type === 'symlink' && { linkname: target }),
        ...(linked !== undefined && { linkname: linked }),
      };
    },
    isFull: () => left.has('many'),
    notes: () =>
      [...left].map(
        ([why, { count, first }]) => `Not kept of /workspace: ${count} ${KINDS[why]}, such as ${shown(first)}.`,
      ),
  };
}

/** Null: it leads out of the folder, or no system takes it. `./a/` is `a`. */
function partsOf(name: string): string[] | null {
  if (name.startsWith('/') || name.includes('\0') || Buffer.byteLength(name) > NAME_BYTES) return null;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? null : parts;
}

/**
 * Steps up come first, and no more of them than there are folders above: these are real ones, so that they can be
 * counted. What comes behind them leads down, through links that were looked at in the same way.
 */
function staysWithin(parts: readonly string[], target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0') || Buffer.byteLength(target) > NAME_BYTES)
    return false;
  const steps = target.split('/').filter((part) => part !== '' && part !== '.');
  const up = steps.findIndex((step) => step !== '..');
  const ups = up === -1 ? steps.length : up;
  return ups < parts.length && !steps.slice(ups).includes('..');
}

const LATEST_MS = 253_402_300_799_000;

function timeOf(time: Date | undefined): Date {
  const ms = time?.getTime() ?? 0;
  return new Date(Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LATEST_MS) : 0);
}

const shown = (name: string) => JSON.stringify(name.slice(0, 100).toWellFormed());
