// Files that are too large for the server's requests: each is announced, sent to the store that the server names,
// and named in the call that it is for. Used by api.ts.
import { parseJson } from '../lib/json.ts';
import { SeedError } from '../protocol/errors.ts';
import type { ManifestCommand } from '../protocol/manifest.ts';
import type { Upload } from '../protocol/upload.ts';
import { loadCrypto } from './builtin.ts';
import type { Io } from './io.ts';
import { contentOf, type LocalFile, takeFiles } from './local-file.ts';

const ATTEMPTS = 3;
const PAUSE_MS = 500;
const PUT_TIMEOUT_MS = 300_000;

/**
 * The input as a request can carry it. Throws SeedError `unreachable` where the store does not take a file.
 * @param announce calls `tasks upload`, and resolves with the JSON of its answer
 */
export async function sendLargeFiles(
  io: Io,
  { uploadsAbove }: Pick<ManifestCommand, 'uploadsAbove'>,
  input: Record<string, unknown>,
  announce: (file: { size: number; sha256: string }) => Promise<string>,
): Promise<Record<string, unknown>> {
  const { rest, files } = takeFiles(input);
  const bytes = (files ?? []).reduce((sum, { size }) => sum + size, 0);
  if (files === null || uploadsAbove === undefined || bytes <= uploadsAbove) return input;
  const uploads: { id: string; name: string }[] = [];
  for (const file of files) {
    const answer = parseJson(await announce({ size: file.size, sha256: await sha256Of(file) }));
    const { upload } = answer as { upload: Upload };
    await put(io, upload, file);
    uploads.push({ id: upload.id, name: file.name });
  }
  const { uploads: given = [], ...others } = rest;
  return { ...others, uploads: [...(given as object[]), ...uploads] };
}

async function sha256Of(file: LocalFile): Promise<string> {
  const hash = loadCrypto().createHash('sha256');
  for await (const chunk of contentOf(file)) hash.update(chunk);
  return hash.digest('hex');
}

/** Again where the store has trouble: it is the same bytes each time. */
async function put(io: Io, { method, url, headers }: Upload, file: LocalFile): Promise<void> {
  const { origin } = new URL(url);
  const body = { type: 'application/octet-stream', length: file.size, chunks: () => contentOf(file) };
  let why = '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    try {
      const answer = await io.request({ method, url, headers, body, timeoutMs: PUT_TIMEOUT_MS });
      for await (const _ of answer.body);
      if (answer.status < 300) return;
      why = `answered ${answer.status}`;
      if (answer.status < 500) break;
    } catch (error) {
      why = `cannot be reached: ${error instanceof Error ? error.message : 'no answer'}`;
    }
    if (attempt < ATTEMPTS) await io.wait(PAUSE_MS);
  }
  throw new SeedError('unreachable', `the store of files at ${origin}, which is to take ${file.path}, ${why}`);
}
