// What a webhook's URL may look like and lead to: public unicast addresses, and ranges that the operator allows.
// Called when a URL is given, and with every address before it is dialled (post.ts).
import { isIP } from 'node:net';
import { canonicalAddress, cidrContains } from '../../lib/cidr.ts';
import { isPublicAddress } from '../../lib/public-address.ts';
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
  const hint = 'The operator of this Seed can allow ranges: SEED_WEBHOOK_ALLOWED_NETWORKS.';
  if (address !== null && !isAllowedAddress(address, allowedNetworks))
    throw refused(`leads to ${address}, which is no public address`, hint);
  if (url.port === '0') throw refused('has port 0, where nobody can listen');
  const name = address === null ? url.hostname.replace(/\.$/, '') : null;
  if (name !== null && NOWHERE.test(name)) throw refused(`leads to ${name}, a name that nobody has`);
  if (name !== null && allowedNetworks.length === 0 && INSIDE.test(name))
    throw refused(`leads to ${name}, a name that means nothing outside of one network`, hint);
  return url.href;
}

/** RFC 6761: it never resolves. */
const NOWHERE = /(?:^|\.)invalid$/;
/** One word, and what is kept for a machine (RFC 6761), a link (RFC 6762) or a network (RFC 8375, ICANN). */
const INSIDE = /^[^.]+$|\.(?:localhost|local|internal|home\.arpa|lan|intranet|corp|home)$/;

/** The address that stands in the URL itself; null when it is a name. */
export function literalAddress({ hostname }: URL): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? null : bare;
}

/** @param address as a resolver or a URL gives it. Whatever is no address is not allowed */
export function isAllowedAddress(address: string, allowedNetworks: readonly string[]): boolean {
  if (address.includes('%')) return false;
  const canonical = canonicalAddress(address);
  if (canonical === null) return false;
  return isPublicAddress(canonical) || allowedNetworks.some((cidr) => cidrContains(cidr, canonical));
}

function refused(why: string, hint?: string): SeedError {
  return new SeedError('invalid_input', `the webhook's URL ${why}`, hint === undefined ? {} : { hint });
}
