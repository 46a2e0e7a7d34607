// What a running task is given and leaves: its files, its artifacts and its workspace, for whoever holds its
// lease. Used by the routes of runners and by the door.
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Store } from '../../db/store.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Inbox } from '../http/inbox.ts';
import type { LeasedTaskId } from '../tasks/rows.ts';
import { deleteArtifact, saveArtifact, taskOfLease } from './artifacts.ts';
import type { KeptBlobs } from './blobs.ts';
import { saveWorkspace, workspaceOfLease } from './workspaces.ts';

export interface LeaseFilesNeeds {
  store: Store;
  blobs: KeptBlobs;
  /** Where content lies while it is received. */
  inbox: Inbox;
}

export interface OpenContent {
  content: Readable;
  size: number;
}

/** @throws SeedError lease_lost, not_found */
export async function openTaskFile(
  { store, blobs }: LeaseFilesNeeds,
  lease: LeasedTaskId,
  name: string,
): Promise<OpenContent> {
  const { files } = await taskOfLease(store.db, lease);
  const file = files.find((one) => one.name === name);
  if (!file) throw new SeedError('not_found', 'the task has no such file');
  return { content: await blobs.read(file.blobId), size: file.size };
}

/** In the place of one of the same name. @throws SeedError lease_lost, body_too_large, storage_full */
export async function takeArtifact(
  { store, blobs, inbox }: LeaseFilesNeeds,
  lease: LeasedTaskId,
  name: string,
  body: Readable,
): Promise<void> {
  await using delivery = inbox.open();
  const content = await delivery.receive(body, LIMITS.artifactBytes);
  const unused = await blobs.keep(lease.taskId, [{ name, content }], async ([artifact], take) =>
    artifact ? saveArtifact(store, lease, artifact, take) : [],
  );
  await blobs.remove(unused);
}

/** Also where there is none. @throws SeedError lease_lost */
export async function removeArtifact(
  { store, blobs }: LeaseFilesNeeds,
  lease: LeasedTaskId,
  name: string,
): Promise<void> {
  await blobs.remove(await deleteArtifact(store, lease, name));
}

/** The archive that its workspace begins with. @throws SeedError lease_lost, not_found */
export async function openWorkspace({ store, blobs }: LeaseFilesNeeds, lease: LeasedTaskId): Promise<OpenContent> {
  const { blobId, size } = await workspaceOfLease(store.db, lease);
  return { content: await blobs.read(blobId), size };
}

/** @throws SeedError lease_lost, not_allowed, body_too_large, storage_full */
export async function takeWorkspace(
  { store, blobs, inbox }: LeaseFilesNeeds,
  lease: LeasedTaskId,
  body: Readable,
): Promise<void> {
  await using delivery = inbox.open();
  const content = await delivery.receive(body, LIMITS.workspaceBytes);
  // Of no task: those that name it are counted.
  const unused = await blobs.keep(randomUUID(), [{ name: 'workspace', content }], async ([archive], take) =>
    archive ? saveWorkspace(store, lease, archive, take) : [],
  );
  await blobs.remove(unused);
}
