// The blob store and the inbox that the settings ask for. Called by server.ts.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Store } from '../../db/store.ts';
import { type Inbox, openInbox } from '../http/inbox.ts';
import { createFolderStore } from './folder-store.ts';
import { KeptBlobs } from './kept-blobs.ts';
import { createS3Store } from './s3-store.ts';
import type { FileSettings } from './settings.ts';

export async function openBlobs(
  { s3 }: FileSettings,
  dataDir: string,
  store: Store,
  log: Logger,
): Promise<{ blobs: KeptBlobs; inbox: Inbox }> {
  const folder = join(dataDir, 'artifacts');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Beside the blobs: a received file becomes one by a rename.
  const inbox = await openInbox(join(folder, 'incoming'));
  const blobs = s3 === null ? createFolderStore(folder) : createS3Store(s3);
  return { blobs: new KeptBlobs(store, blobs, log), inbox };
}
