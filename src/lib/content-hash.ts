// Content addresses: the same inputs give the same name.
import { createHash } from 'node:crypto';

/** 32 hexadecimal digits (128 bits of SHA-256) over the parts, each delimited by its length. */
export function contentHash(...parts: (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest('hex').slice(0, 32);
}
