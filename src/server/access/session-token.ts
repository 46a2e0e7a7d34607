// What a session's cookie holds: 256 random bits. The database has only their SHA-256.
import { hash, randomBytes } from 'node:crypto';

const BYTES = 32;
const SHAPE = /^[A-Za-z0-9_-]{43}$/;

export function newSessionToken(): string {
  return randomBytes(BYTES).toString('base64url');
}

export function isSessionToken(text: string): boolean {
  return SHAPE.test(text);
}

/** Hex: what is stored. */
export function hashSessionToken(token: string): string {
  return hash('sha256', token, 'hex');
}
