// Whether an address is one of the public internet, and none of a machine's or a company's own. Used where
// somebody else says what is dialled: webhooks, and the files of an OpenAPI document.
import ipaddr from 'ipaddr.js';
import { canonicalAddress, cidrContains } from './cidr.ts';

/** All of global unicast IPv6 (RFC 4291, section 2.4): what lies outside and has no other name is nobody's. */
const GLOBAL_UNICAST = '2000::/3';

/**
 * IPv4 mapped into IPv6 counts as IPv4; what is embedded otherwise (NAT64, 6to4, Teredo) is not public.
 * @param address as a resolver or a URL gives it; whatever is no address is not public
 */
export function isPublicAddress(address: string): boolean {
  const canonical = address.includes('%') ? null : canonicalAddress(address);
  if (canonical === null || ipaddr.parse(canonical).range() !== 'unicast') return false;
  return !canonical.includes(':') || cidrContains(GLOBAL_UNICAST, canonical);
}
