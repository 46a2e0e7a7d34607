// Makes the archive of one export: all rows of the account as one snapshot of the database has them, then the
// files of its tasks. Neither rows nor files are ever whole in memory. Called by keep-exporting.ts.
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type RawBuilder, sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import { linesOf } from '../../lib/read-stream.ts';
import { EXPORT_LIMITS } from '../../protocol/account-export.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { KeptBlobs } from '../files/blobs.ts';
import type { Delivery } from '../http/inbox.ts';
import { type Archive, openArchive } from './archive.ts';
import { type ExportedTable, exportedTables, LEFT_OUT, readRows } from './export-lines.ts';

export interface ExportNeeds {
  store: Pick<Store, 'longRunning' | 'clock'>;
  blobs: Pick<KeptBlobs, 'read'>;
  /** Where what is under way lies. */
  delivery: Delivery;
  partBytes?: number;
  takePart(content: AsyncIterable<Uint8Array>): Promise<void>;
  /** Told how far it is, often. Throws where it is to end. */
  progress(made: Progress): void;
}

export interface Progress {
  asOf: Date;
  /** By folder of the archive: how many lines, or files. */
  counts: Record<string, number>;
}

/** A file that a task has, and where it is in the archive. */
interface FileToCopy {
  path: string;
  blobId: string;
  size: number;
  sha256: string;
}

/** @throws SeedError unavailable, storage_full; whatever `takePart` and `progress` throw */
export async function writeExport(accountId: string, needs: ExportNeeds): Promise<Progress> {
  const { store, blobs, delivery, takePart, progress, partBytes = EXPORT_LIMITS.exportPartBytes } = needs;
  const filesPath = await delivery.scratch();
  await using archive = await openArchive({ scratch: delivery, partBytes, at: store.clock.now() }, takePart);
  const made = await store.longRunning
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((tx) => writeRows(tx, accountId, { archive, filesPath, progress }));
  await copyFiles(made, { archive, filesPath, blobs, progress });
  await archive.add('manifest.json', Buffer.from(`${JSON.stringify(manifestOf(accountId, made), null, 2)}\n`));
  await archive.finish();
  return made;
}

interface Writing extends Pick<ExportNeeds, 'progress'> {
  tx: Tx;
  made: Progress;
  lines: Lines;
  files: FileHandle;
}

async function writeRows(
  tx: Tx,
  accountId: string,
  { archive, filesPath, progress }: { archive: Archive; filesPath: string; progress: ExportNeeds['progress'] },
): Promise<Progress> {
  const { rows } = await sql<{ now: Date }>`select now()`.execute(tx);
  const made: Progress = { asOf: rows[0]?.now ?? new Date(), counts: {} };
  const lines = new Lines(archive, made.counts);
  await using files = await open(filesPath, 'wx', 0o600);
  for (const exported of exportedTables()) {
    const column = exported.table === 'accounts' ? 'id' : 'account_id';
    const writing = { tx, made, lines, files, progress };
    await writeTable(writing, exported, sql`${sql.ref(column)} = ${accountId}`);
    await lines.end();
  }
  return made;
}

async function writeTable(
  writing: Writing,
  { table, folder, below, toLine }: ExportedTable,
  those: RawBuilder<unknown>,
): Promise<void> {
  const { tx, made, lines, files, progress } = writing;
  for await (const rows of readRows(tx, table, those)) {
    for (const row of rows) await lines.add(folder, toLine(row, made.asOf));
    if (table === 'tasks') await files.write(filesOf(rows as unknown as TaskRow[]));
    const ids = rows.map(({ id }) => id);
    for (const child of below)
      await writeTable(writing, child.table, sql`${sql.ref(child.column)} = any(${ids}::uuid[])`);
    progress(made);
  }
}

/** Lines of JSON by folder, in files of about the same size. */
class Lines {
  readonly #archive: Archive;
  readonly #counts: Progress['counts'];
  readonly #files = new Map<string, { number: number; lines: string[]; characters: number }>();

  constructor(archive: Archive, counts: Progress['counts']) {
    this.#archive = archive;
    this.#counts = counts;
  }

  async add(folder: string, line: Record<string, unknown>): Promise<void> {
    const file = this.#files.get(folder) ?? { number: 1, lines: [], characters: 0 };
    this.#files.set(folder, file);
    const text = `${JSON.stringify(line)}\n`;
    file.lines.push(text);
    file.characters += text.length;
    this.#counts[folder] = (this.#counts[folder] ?? 0) + 1;
    if (file.characters >= EXPORT_LIMITS.exportFileBytes) await this.#write(folder);
  }

  /** Writes what is left of all folders, whose next lines would be in files of the same names. */
  async end(): Promise<void> {
    for (const [folder, { lines }] of this.#files) if (lines.length > 0) await this.#write(folder);
    this.#files.clear();
  }

  async #write(folder: string): Promise<void> {
    const file = this.#files.get(folder);
    if (!file) return;
    const path = `${folder}/${String(file.number).padStart(6, '0')}.jsonl`;
    await this.#archive.add(path, Buffer.from(file.lines.join('')));
    this.#files.set(folder, { number: file.number + 1, lines: [], characters: 0 });
  }
}

/** A line of JSON each. */
function filesOf(tasks: readonly Pick<TaskRow, 'id' | 'files' | 'artifacts' | 'workspace'>[]): string {
  const files = tasks.flatMap(({ id, files, artifacts, workspace }): FileToCopy[] => [
    ...files.map(({ name, ...file }) => ({ ...file, path: `files/${id}/given/${name}` })),
    ...artifacts.map(({ name, ...file }) => ({ ...file, path: `files/${id}/artifacts/${name}` })),
    ...(workspace === null ? [] : [{ ...workspace, path: `files/${id}/workspace.tar.gz` }]),
  ]);
  return files.map((file) => `${JSON.stringify(file)}\n`).join('');
}

/** What has been let go of since the snapshot is listed as missing. */
async function copyFiles(
  made: Progress,
  {
    archive,
    filesPath,
    blobs,
    progress,
  }: Pick<ExportNeeds, 'blobs' | 'progress'> & { archive: Archive; filesPath: string },
): Promise<void> {
  const missing = new Lines(archive, made.counts);
  for await (const line of linesOf(createReadStream(filesPath))) {
    const { blobId, ...file } = JSON.parse(line) as FileToCopy;
    const content = await blobs.read(blobId).catch((error) => {
      if (error instanceof SeedError && error.code === 'not_found') return null;
      throw error;
    });
    if (content === null) await missing.add('missing', { ...file });
    else {
      await archive.addStream(file.path, { ...file, content });
      made.counts['files'] = (made.counts['files'] ?? 0) + 1;
    }
    progress(made);
  }
  await missing.end();
}

function manifestOf(accountId: string, { asOf, counts }: Progress): object {
  return {
    format: 1,
    accountId,
    asOf: asOf.toISOString(),
    counts,
    secrets: 'No secret is in here: neither hashes of keys, nor secrets of webhooks, nor credentials.',
    leftOut: LEFT_OUT,
  };
}
