// Seals what the database must keep but may not know: answers that hold a new key's secret (idempotency/), with
// the secret that the caller presents, and the secrets of webhooks, with the server's secrets key.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** @param place what the text belongs to; it opens nowhere else */
export function seal(text: string, secret: string, place: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, keyFrom(secret), iv).setAAD(Buffer.from(place));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, sealed, cipher.getAuthTag()]);
}

/** Null when it was sealed with another secret, for another place, or is damaged. */
export function unseal(sealed: Buffer, secret: string, place: string): string | null {
  try {
    const iv = sealed.subarray(0, IV_BYTES);
    const tag = sealed.subarray(-TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, keyFrom(secret), iv).setAAD(Buffer.from(place)).setAuthTag(tag);
    const text = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8');
    return text + decipher.final('utf8');
  } catch {
    // That is how a wrong key shows.
    return null;
  }
}

/** HKDF, RFC 5869. */
function keyFrom(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'seed idempotency', 32));
}
