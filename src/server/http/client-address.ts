// Where a request comes from: the socket's other end, or what proxies that are trusted say in X-Forwarded-For.
import type { Context } from 'hono';
import { canonicalAddress, cidrContains } from '../../lib/cidr.ts';
import type { HttpEnv } from './http-types.ts';

/** Null when the connection is gone already. */
export function clientAddress(c: Context<HttpEnv>, trustedProxies: readonly string[]): string | null {
  const peer = c.env?.incoming?.socket.remoteAddress;
  return peer === undefined ? null : addressBehind(peer, c.req.header('x-forwarded-for'), trustedProxies);
}

/**
 * From the right, each proxy adds whom it heard from: the first that is no trusted proxy is the caller. What stands
 * further left anyone can have written.
 */
export function addressBehind(
  peer: string,
  forwardedFor: string | undefined,
  trustedProxies: readonly string[],
): string | null {
  const isTrusted = (address: string) => trustedProxies.some((cidr) => cidrContains(cidr, address));
  let address = canonicalAddress(peer);
  const hops = forwardedFor?.split(',').map((hop) => hop.trim()) ?? [];
  while (address !== null && isTrusted(address)) {
    const before = hops.pop();
    const next = before === undefined ? null : canonicalAddress(before);
    if (next === null) return address;
    address = next;
  }
  return address;
}
