// The URL of a webhook: what it may look like, and which addresses it may lead to: public unicast ones, and those
// in ranges that the operator allows. Called when a URL is given, and with every address before it is dialled
// (post.ts).
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { canonicalAddress, cidrContains } from '../../lib/cidr.ts';
import { SeedError } from '../../protocol/errors.ts';

/**
 * The URL as it will be dialled. Its host is read as browsers read it (WHATWG URL), so that 0x7f.1 and ①②⑦.⓪.⓪.①
 * are 127.0.0.1 before anything looks at them.
 * @throws SeedError invalid_input
 */
export function webhookUrl(text: string, allowedNetworks: readonly string[]): string {
  const url = URL.parse(text);
  if (url === null) throw refused('is not a URL', 'Write it as https://example.com/hooks.');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused('is neither https nor http');
  if (url.username !== '' || url.password !== '')
    throw refused('holds a user name or password', 'Deliveries are signed: check the signature instead.');
  if (url.hash !== '') throw refused('has a fragment, which no server would see');
  const address = literalAddress(url);
  if (address !== null && !isAllowedAddress(address, allowedNetworks)) {
    throw refused(
      `leads to ${address}, which is no public address`,
      'The operator of this Seed can allow ranges: SEED_WEBHOOK_ALLOWED_NETWORKS.',
    );
  }
  return url.href;
}

/** The address that stands in the URL itself; null when it is a name. */
export function literalAddress({ hostname }: URL): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? null : bare;
}

/**
 * All of global unicast IPv6 (RFC 4291, section 2.4): what lies outside and is not named otherwise is nobody's.
 */
const GLOBAL_UNICAST = '2000::/3';

/** @param address as a resolver or a URL gives it. Whatever is no address is not allowed */
export function isAllowedAddress(address: string, allowedNetworks: readonly string[]): boolean {
  if (address.includes('%')) return false;
  const canonical = canonicalAddress(address);
  if (canonical === null) return false;
  return isPublicUnicast(canonical) || allowedNetworks.some((cidr) => cidrContains(cidr, canonical));
}

/**
 * An IPv4 address within IPv6 (mapped) has come here as IPv4; embedded ones (NAT64, 6to4, Teredo) are not public.
 */
function isPublicUnicast(canonical: string): boolean {
  if (ipaddr.parse(canonical).range() !== 'unicast') return false;
  return !canonical.includes(':') || cidrContains(GLOBAL_UNICAST, canonical);
}

function refused(why: string, hint?: string): SeedError {
  return new SeedError('invalid_input', `the webhook's URL ${why}`, hint === undefined ? {} : { hint });
}
