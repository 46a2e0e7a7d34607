// The text of a document, from a file or over HTTP.
import { readFile } from 'node:fs/promises';
import { SeedError } from '../protocol/errors.ts';

const TIMEOUT_MS = 60_000;

/** @param source a URL, or a path from the current folder. @throws SeedError usage or unreachable */
export async function readSource(source: string): Promise<string> {
  if (!/^https?:\/\//i.test(source)) {
    return readFile(source, 'utf8').catch((cause) => {
      throw new SeedError('usage', `there is no file ${JSON.stringify(source)} to read`, { cause });
    });
  }
  try {
    const response = await fetch(source, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return await response.text();
    throw new SeedError('unreachable', `${source} answers ${response.status}`);
  } catch (cause) {
    if (cause instanceof SeedError) throw cause;
    throw new SeedError('unreachable', `${source} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
