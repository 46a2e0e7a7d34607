// The text of a document, from a file or over HTTP.
import { readFile } from 'node:fs/promises';
import { readWithin } from '../lib/read-within.ts';
import { SeedError } from '../protocol/errors.ts';

const TIMEOUT_MS = 60_000;
/** The largest that platforms publish have about 20 MB. */
const DOCUMENT_BYTES = 64 * 1024 * 1024;

/** @param source a URL, or a path from the current folder. @throws SeedError usage or unreachable */
export async function readSource(source: string): Promise<string> {
  if (!/^https?:\/\//i.test(source)) {
    return readFile(source, 'utf8').catch((cause) => {
      throw new SeedError('usage', `there is no file ${JSON.stringify(source)} to read`, { cause });
    });
  }
  try {
    const response = await fetch(source, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new SeedError('unreachable', `${source} answers ${response.status}`);
    const bytes = await readWithin(response.body ?? new Blob([]).stream(), DOCUMENT_BYTES);
    if (bytes !== null) return bytes.toString('utf8');
    throw new SeedError('unreachable', `${source} has more than ${DOCUMENT_BYTES} bytes`, {
      hint: 'Is it the document itself? Give its address, or a file.',
    });
  } catch (cause) {
    if (cause instanceof SeedError) throw cause;
    throw new SeedError('unreachable', `${source} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
