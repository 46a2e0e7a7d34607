// The blobs of tasks: none is lost while a task has it, none is left when nobody does, whatever was cut short.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StoredFile, Tx } from '../../src/db/tables.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { saveArtifact } from '../../src/server/files/artifacts.ts';
import { createFolderStore } from '../../src/server/files/blob-store.ts';
import { KeptBlobs } from '../../src/server/files/blobs.ts';
import { removeOldFiles } from '../../src/server/files/open-blobs.ts';
import { openInbox } from '../../src/server/http/inbox.ts';
import { stopTask } from '../../src/server/tasks/end.ts';
import { openTestStore, silent, type TestStore } from '../fixtures/store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let test: TestStore;
let dir: string;
let blobs: KeptBlobs;
beforeEach(async () => {
  test = await openTestStore();
  dir = await mkdtemp(join(tmpdir(), 'seed-blobs-'));
  blobs = new KeptBlobs({
    store: test.store,
    blobs: createFolderStore(dir),
    presigner: null,
    sendsUpTo: null,
    log: silent,
  });
});
afterEach(async () => {
  await test.close();
  await rm(dir, { recursive: true });
});

const stored = async () => (await readdir(dir)).filter((name) => name !== 'incoming');

/** Keeps one file of a task, handing it to `use`. */
async function keep<Result>(
  taskId: string,
  use: (files: StoredFile[], take: (tx: Tx) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const inbox = await openInbox(join(dir, 'incoming'));
  await using delivery = inbox.open();
  const content = await delivery.receive(Readable.from([Buffer.from('content')]), 100);
  return await blobs.keep(taskId, [{ name: 'a.txt', content }], use);
}

async function taskWithFile(): Promise<string> {
  const id = randomUUID();
  await keep(id, (files, take) => test.post({ id, files }, take));
  return id;
}

it('a refused task takes its blobs along at once', async () => {
  const refused = keep(randomUUID(), () => Promise.reject(new SeedError('too_many_tasks', 'no')));
  await expect(refused).rejects.toMatchObject({ code: 'too_many_tasks' });
  expect(await stored()).toEqual([]);
  expect(await test.store.db.selectFrom('blobs').selectAll().execute()).toEqual([]);
});

it('after any other error, which may have come behind the commit, they stay while a task has them', async () => {
  const id = randomUUID();
  const lost = keep(id, async (files, take) => {
    await test.post({ id, files }, take);
    throw new Error('the connection broke');
  });
  await expect(lost).rejects.toThrow('broke');
  const [blobId = ''] = await stored();
  test.clock.advance(2 * HOUR_MS);
  expect(await removeOldFiles(test.store, blobs, null)).toEqual({ tasks: 0, blobs: 0 });
  expect(await text(await blobs.read(blobId))).toBe('content');
});

it('what a killed server left is removed after an hour, and not before', async () => {
  await keep(randomUUID(), () => Promise.reject(new Error('killed'))).catch(() => undefined);
  test.clock.advance(HOUR_MS / 2);
  expect(await blobs.clean()).toBe(0);
  expect((await stored()).length).toBe(1);
  test.clock.advance(HOUR_MS);
  expect(await blobs.clean()).toBe(1);
  expect(await stored()).toEqual([]);
});

it('ended tasks let go of what is old, running ones do not, however old', async () => {
  const running = await taskWithFile();
  const { leaseId } = await test.lease();
  await keep(running, ([file], take) =>
    saveArtifact(test.store, { taskId: running, leaseId }, file as StoredFile, take),
  );
  const ended = await taskWithFile();
  await stopTask(test.store, test.account.id, ended);
  test.clock.advance(10 * DAY_MS);
  const young = await taskWithFile();
  await stopTask(test.store, test.account.id, young);

  const before = new Date(test.clock.now().getTime() - 5 * DAY_MS);
  expect(await removeOldFiles(test.store, blobs, before)).toEqual({ tasks: 1, blobs: 0 });
  test.clock.advance(2 * HOUR_MS);
  expect(await removeOldFiles(test.store, blobs, before)).toEqual({ tasks: 0, blobs: 1 });
  const filesOf = async (id: string) => {
    const task = await test.findTask(test.account.id, id);
    return [task?.files.length, task?.artifacts.length];
  };
  expect(await filesOf(running)).toEqual([1, 1]);
  expect(await filesOf(ended)).toEqual([0, 0]);
  expect(await filesOf(young)).toEqual([1, 0]);
  expect((await stored()).length).toBe(3);
});

it('two servers that clean at the same time remove everything once', async () => {
  for (let count = 0; count < 20; count += 1) await stopTask(test.store, test.account.id, await taskWithFile());
  test.clock.advance(10 * DAY_MS);
  const other = new KeptBlobs({
    store: test.store,
    blobs: createFolderStore(dir),
    presigner: null,
    sendsUpTo: null,
    log: silent,
  });
  await Promise.all([blobs, other].map((one) => removeOldFiles(test.store, one, test.clock.now())));
  test.clock.advance(2 * HOUR_MS);
  await Promise.all([blobs.clean(), other.clean()]);
  expect(await stored()).toEqual([]);
});
