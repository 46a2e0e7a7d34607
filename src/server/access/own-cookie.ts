// A cookie that only this Seed is sent and no script reads. Used for sessions and for sign-ins that are not over.
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { HttpEnv } from '../http/http-types.ts';
import { prefixIn, publicOrigin } from '../http/request-headers.ts';

interface OwnCookie {
  name: string;
  sameSite: 'Strict' | 'Lax';
  /** Seconds; without it the cookie lasts as long as the browser runs. */
  maxAge?: number;
}

/** For this request's way in alone: over TLS the cookie of plain HTTP is not taken, nor the other way round. */
export function ownCookie(
  c: Context<HttpEnv>,
  trustedProxies: readonly string[],
  { name, ...attributes }: OwnCookie,
) {
  const isSecure = publicOrigin(c, trustedProxies).startsWith('https:');
  const below = prefixIn(c);
  // What lies beside Seed on its origin is not sent the cookie; a name with `__Host-` would forbid a path.
  const marked = isSecure ? ({ prefix: below === '' ? 'host' : 'secure' } as const) : {};
  const all = { ...attributes, httpOnly: true, path: below === '' ? '/' : below, secure: isSecure, ...marked };
  return {
    read: (): string | undefined => getCookie(c, name, marked.prefix),
    set: (value: string) => setCookie(c, name, value, all),
    clear: () => setCookie(c, name, '', { ...all, maxAge: 0 }),
  };
}
