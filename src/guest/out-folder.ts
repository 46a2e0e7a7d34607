// Reads the folder of artifacts. The agent owns it and changes it meanwhile: nothing that it plants (links, pipes,
// folders that become links) may lead the guest's own user to anything but the agent's own plain files.
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, opendir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { fileNameProblem } from '../protocol/file-name.ts';
import { LIMITS } from '../protocol/limits.ts';

/** Looked at in one scan, so that a folder with any number of files costs the same. */
const ENTRIES_MOST = 1_000;

/** What of a file tells that it has changed; the time of the change of its inode cannot be set back. */
export type FileState = { size: number; changedAtMs: number };

export interface Scan {
  files: Map<string, FileState>;
  /** Files that were left out for their names: why, with the name of one. */
  misnamed: string | null;
  /** There is more than is looked at. */
  isCut: boolean;
}

export interface OutFolder {
  scan(): Promise<Scan>;
  /** Null: it is not there any more, or is none of the agent's plain files. The caller closes the handle. */
  open(name: string): Promise<{ handle: FileHandle; state: FileState } | null>;
}

/** @param agentUid whose files count; null: everybody's */
export async function openOutFolder(dir: string, agentUid: number | null): Promise<OutFolder> {
  const realDir = await realpath(dir);
  /** Of names that are written otherwise on the disk than they are kept. */
  const paths = new Map<string, string>();
  return {
    async scan() {
      const scan: Scan = { files: new Map(), misnamed: null, isCut: false };
      paths.clear();
      await scanFolder(dir, '', { scan, paths }, { left: ENTRIES_MOST });
      return scan;
    },
    async open(name) {
      const written = paths.get(name) ?? name;
      const handle = await open(join(dir, written), SAFELY).catch(() => null);
      if (handle === null) return null;
      const stats = await handle.stat();
      // The kernel's word on what was opened: no folder on the way had become a link.
      const path = await readlink(`/proc/self/fd/${handle.fd}`);
      const isAgents = stats.isFile() && (agentUid === null || stats.uid === agentUid);
      if (isAgents && path === join(realDir, written)) return { handle, state: stateOf(stats) };
      await handle.close();
      return null;
    },
  };
}

/** No link, and no wait for a pipe's other end. */
const SAFELY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

async function scanFolder(
  dir: string,
  prefix: string,
  found: { scan: Scan; paths: Map<string, string> },
  budget: { left: number },
): Promise<void> {
  const { scan, paths } = found;
  const entries = await opendir(dir).catch(() => null);
  if (entries === null) return;
  for await (const entry of entries) {
    budget.left -= 1;
    if (budget.left < 0) scan.isCut = true;
    if (scan.isCut) return;
    if (!entry.isFile() && !entry.isDirectory()) continue;
    const written = `${prefix}${entry.name}`;
    const name = written.normalize('NFC');
    const isTaken = entry.isFile() && scan.files.has(name);
    const problem = isTaken ? 'another file is called so, written in other characters' : fileNameProblem(name);
    if (problem !== null) scan.misnamed ??= `${JSON.stringify(name.slice(0, 100))}: ${problem}`;
    else if (entry.isDirectory()) await scanFolder(join(dir, entry.name), `${written}/`, found, budget);
    else {
      const stats = await lstat(join(dir, entry.name)).catch(() => null);
      if (stats?.isFile()) scan.files.set(name, stateOf(stats));
      if (written !== name) paths.set(name, written);
      if (scan.files.size > LIMITS.artifactsPerTask) scan.isCut = true;
    }
  }
}

const stateOf = ({ size, ctimeMs }: Stats): FileState => ({ size, changedAtMs: ctimeMs });
