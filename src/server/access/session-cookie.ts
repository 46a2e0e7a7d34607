// The cookie that holds a session's token. Over TLS its name begins with __Host-, which no other host or path can set.
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { HttpEnv } from '../http/http-types.ts';
import { publicOrigin } from '../http/public-origin.ts';

const NAME = 'seed_session';
const ATTRIBUTES = { path: '/', httpOnly: true, sameSite: 'Strict' } as const;

/** For this request's way in alone: over TLS the cookie of plain HTTP is not taken, nor the other way round. */
export function sessionCookie(c: Context<HttpEnv>, trustedProxies: readonly string[]) {
  const isSecure = publicOrigin(c, trustedProxies).startsWith('https:');
  const prefix = isSecure ? ({ prefix: 'host' } as const) : {};
  return {
    read: (): string | undefined => getCookie(c, NAME, prefix.prefix),
    set: (token: string) => setCookie(c, NAME, token, { ...ATTRIBUTES, ...prefix }),
    clear: () => setCookie(c, NAME, '', { ...ATTRIBUTES, ...prefix, maxAge: 0 }),
  };
}
