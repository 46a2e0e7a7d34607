// The blob store and the inbox that the settings ask for, and the removal of what is old. Called by server.ts.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Store } from '../../db/store.ts';
import type { Loop } from '../../lib/every.ts';
import { type Inbox, openInbox } from '../http/inbox.ts';
import { releaseOldFiles } from './artifacts.ts';
import { createFolderStore, createS3Store } from './blob-store.ts';
import { KeptBlobs } from './blobs.ts';
import { presigner } from './presigned.ts';
import type { FileSettings } from './settings.ts';
import { releaseWorkspaces } from './workspaces.ts';

/** @param sendsUpTo larger blobs callers get from the store, where that can be; null: all come from here */
export async function openBlobs(
  { s3 }: FileSettings,
  dataDir: string,
  store: Store,
  log: Logger,
  sendsUpTo: number | null = null,
): Promise<{ blobs: KeptBlobs; inbox: Inbox }> {
  const folder = join(dataDir, 'artifacts');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Beside the blobs: a received file becomes one by a rename.
  const inbox = await openInbox(join(folder, 'incoming'));
  const blobs = s3 === null ? createFolderStore(folder) : createS3Store(s3);
  const presigns = s3 && presigner(s3);
  return { blobs: new KeptBlobs({ store, blobs, presigner: presigns, sendsUpTo, log }), inbox };
}

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * Removes files and artifacts of tasks that ended long ago, and what killed servers left, at once and every hour.
 * @param days after which files and artifacts go; null: never
 */
export function keepFilesFor(days: number | null, blobs: KeptBlobs, store: Store, log: Logger): Loop {
  return store.loops.every(
    { everyMs: EVERY_MS, atOnce: true, name: 'remove old files and artifacts', log },
    async () => {
      const before = days === null ? null : new Date(store.clock.now().getTime() - days * DAY_MS);
      const removed = await removeOldFiles(store, blobs, before);
      if (removed.blobs > 0) log.info({ ...removed, days }, 'removed old files and artifacts');
    },
  );
}

/** Lets ended tasks go of what is from before `before` (null: of nothing); removes what nobody has for an hour. */
export async function removeOldFiles(
  store: Store,
  blobs: KeptBlobs,
  before: Date | null,
): Promise<{ tasks: number; blobs: number }> {
  await releaseWorkspaces(store);
  const tasks = before === null ? 0 : await releaseOldFiles(store, before);
  return { tasks, blobs: await blobs.clean() };
}
