// Refuses requests of which two parties could think differently: a proxy may have taken one of two hosts or keys,
// and Seed the other. For every request there is, before all routes.
import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from './http-types.ts';

/** No lists, so that there may be one line of each (RFC 9110, section 5.3; of Host RFC 9112, section 3.2). */
const SINGLE = ['host', 'authorization', 'content-type'];
/** What is as long is looked at more closely. */
const LENGTHS = SINGLE.map(({ length }) => length);

/** @throws SeedError invalid_input */
export const refuseUnsound: MiddlewareHandler<HttpEnv> = (c, next) => {
  // A call within the server is made of a request that was looked at.
  if (c.env.outgoing) look(c.env.incoming);
  return next();
};

function look({ rawHeaders, headers, url = '', httpVersion }: IncomingMessage): void {
  const twice = firstTwice(rawHeaders);
  if (twice !== null) throw new SeedError('invalid_input', `the header ${twice} is given more than once`);
  // RFC 9110, section 4.2.4: of a whole URL.
  if (!url.startsWith('/') && /^\w+:\/\/[^/?#]*@/.test(url))
    throw new SeedError('invalid_input', 'the URL that is asked for holds a user name');
  // RFC 9112, section 3.2: some take it for a part of the path, and others cut it off.
  if (url.includes('#')) throw new SeedError('invalid_input', 'a fragment (#…) has no place in a request');
  // RFC 9112, section 6.1: who speaks it does not know chunks, so that its length is unknown.
  if (httpVersion === '1.0' && headers['transfer-encoding'] !== undefined)
    throw new SeedError('invalid_input', 'a request of HTTP/1.0 has no Transfer-Encoding');
}

function firstTwice(rawHeaders: readonly string[]): string | null {
  let seen = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!LENGTHS.includes(name.length)) continue;
    const index = SINGLE.indexOf(name.toLowerCase());
    if (index === -1) continue;
    const bit = 1 << index;
    if (seen & bit) return name;
    seen |= bit;
  }
  return null;
}
