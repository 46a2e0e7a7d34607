// Which addresses a webhook may be delivered to: public unicast ones, and those in ranges that the operator allows. Called with
// every address before it is dialled.
import ipaddr from 'ipaddr.js';
import { canonicalAddress, cidrContains } from '../../lib/cidr.ts';

/** All of global unicast IPv6 (RFC 4291, section 2.4): what lies outside and is not named otherwise is nobody's. */
const GLOBAL_UNICAST = '2000::/3';

/** @param address as a resolver or a URL gives it. Whatever is no address is not allowed */
export function isAllowedAddress(address: string, allowedNetworks: readonly string[]): boolean {
  if (address.includes('%')) return false;
  const canonical = canonicalAddress(address);
  if (canonical === null) return false;
  return isPublicUnicast(canonical) || allowedNetworks.some((cidr) => cidrContains(cidr, canonical));
}

/** An IPv4 address within IPv6 (mapped) has come here as IPv4; embedded ones (NAT64, 6to4, Teredo) are not public. */
function isPublicUnicast(canonical: string): boolean {
  if (ipaddr.parse(canonical).range() !== 'unicast') return false;
  return !canonical.includes(':') || cidrContains(GLOBAL_UNICAST, canonical);
}
