// Sign-ins at the platform's provider that were begun in this browser and are not over, in a cookie that no script
// reads: any of several servers can end what another began, and a request of somebody else's ends none.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { isOwnPath } from '../../../lib/own-path.ts';

/** People open several pages at once; of more the oldest are forgotten. */
const AT_ONCE = 3;
/** Browsers keep cookies of up to 4,096 bytes, name and attributes included. */
const MOST_LENGTH = 3_800;
/** Of the page to come back to; one with a longer address is not come back to. */
const TO_LENGTH = 2_500;
/** Long enough for a password, a second factor and a telephone call. */
export const PENDING_MS = 10 * 60_000;

const Random = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const Pending = z.object({
  /** Comes back with the code, and tells which of them it is (RFC 6749, section 10.12). */
  state: Random,
  /** Stands in the ID token: that was made for this sign-in. */
  nonce: Random,
  /** Of PKCE (RFC 7636): whoever stole the code cannot use it. */
  verifier: Random,
  /** The page to come back to. */
  to: z.string().max(TO_LENGTH).refine(isOwnPath),
  begunAt: z.int(),
});
export type Pending = z.infer<typeof Pending>;

/** @param to where it is no page of this Seed, the first one is taken */
export function newPending(to: unknown, now: Date): Pending {
  const random = () => randomBytes(32).toString('base64url');
  const page = isOwnPath(to) && to.length <= TO_LENGTH ? to : '/';
  return { state: random(), nonce: random(), verifier: random(), to: page, begunAt: now.getTime() };
}

/** Those in the cookie that are not too old; of a cookie that is not of this making, none. */
export function readPending(cookie: string | undefined, now: Date): Pending[] {
  const read = z.array(Pending).max(AT_ONCE).safeParse(jsonIn(cookie));
  if (!read.success) return [];
  return read.data.filter(({ begunAt }) => Math.abs(now.getTime() - begunAt) <= PENDING_MS);
}

/** As the cookie's value: as many as it has room for, the newest last. */
export function writePending(pending: readonly Pending[]): string {
  const [oldest, ...newer] = pending.slice(-AT_ONCE);
  const cookie = Buffer.from(JSON.stringify(oldest ? [oldest, ...newer] : [])).toString('base64url');
  return cookie.length <= MOST_LENGTH ? cookie : writePending(newer);
}

function jsonIn(cookie = ''): unknown {
  try {
    return JSON.parse(Buffer.from(cookie, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
