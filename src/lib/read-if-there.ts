// Reads files that may vanish at any moment: locks and what /proc says about a process.
import { readFile } from 'node:fs/promises';

/** Undefined when there is no such file, or no such process any more. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // ESRCH: a process that ends while its file in /proc is read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
