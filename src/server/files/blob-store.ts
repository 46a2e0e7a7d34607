// Where the bytes of files and artifacts lie: a folder (folder-store.ts) or a store that speaks S3 (s3-store.ts). Which
// blobs there are and whose stands in the database (server/files/blobs.ts).
import type { Readable } from 'node:stream';
import type { ReceivedContent } from '../../protocol/file.ts';

/** Ids are UUIDs. Methods throw SeedError `unavailable` or `storage_full` when the store cannot be used. */
export interface BlobStore {
  /** All of it or nothing. May take the file of the content away. */
  put(id: string, content: ReceivedContent): Promise<void>;
  /** Throws SeedError `not_found` when there is none. */
  get(id: string): Promise<Readable>;
  /** One that is not there is no error. */
  delete(id: string): Promise<void>;
}
