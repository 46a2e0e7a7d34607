// The shape of an API key's secret: `sk_live_`, 30 random base62 characters, 6 characters of CRC32 in base62.
// The checksum lets a mistyped or truncated key be refused before the database is asked.
import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PREFIX = 'sk_live_';
const RANDOM_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
const SHAPE = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = ALPHABET.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

export function generateKeySecret(): string {
  const random = Array.from({ length: RANDOM_LENGTH }, () => ALPHABET.charAt(randomInt(62))).join('');
  return PREFIX + random + checksum(PREFIX + random);
}

/** Whether the text has a key's shape and its checksum is right. Says nothing about whether the key exists. */
export function isWellFormedKeySecret(text: string): boolean {
  if (!SHAPE.test(text)) return false;
  return checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH);
}

/** SHA-256, hex: what is stored. The secret has 178 random bits, so a plain hash cannot be searched. */
export function hashKeySecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** The first characters, enough for a person to recognise the key by. */
export function keyPrefix(secret: string): string {
  return secret.slice(0, PREFIX.length + 4);
}
