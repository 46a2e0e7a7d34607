// Whether an address lies within a range written as CIDR (RFC 4632, RFC 4291). Node's BlockList does the bits.
import { BlockList, isIP, SocketAddress } from 'node:net';

type Family = 'ipv4' | 'ipv6';

const BITS: Record<Family, number> = { ipv4: 32, ipv6: 128 };
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;

/** The one way to write an address: without a zone, and IPv4 mapped into IPv6 as IPv4. Null for anything else. */
export function canonicalAddress(text: string): string | null {
  const bare = text.split('%')[0] ?? '';
  const version = isIP(bare);
  if (version === 0) return null;
  if (version === 4) return bare;
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  return MAPPED.exec(address)?.[1] ?? address;
}

/** What one customer has at the least, for counting: an IPv4 address itself, of an IPv6 its /64; else the text. */
export function networkOf(address: string): string {
  const canonical = canonicalAddress(address) ?? address;
  if (familyOf(canonical) === 'ipv4') return canonical;
  const [head = '', tail] = canonical.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)].slice(0, 4).join(':');
}

/** `10.0.0.0/8`, or an address alone for itself. Ranges of mapped IPv4 addresses are none: write them as IPv4. */
export function isCidr(text: string): boolean {
  return parse(text) !== null;
}

/** False for a range of the other family, also for `::/0`. */
export function cidrContains(cidr: string, address: string): boolean {
  const range = parse(cidr);
  const canonical = canonicalAddress(address);
  if (range === null || canonical === null) return false;
  const family = familyOf(canonical);
  if (family !== range.family) return false;
  const list = new BlockList();
  list.addSubnet(range.base, range.prefix, family);
  return list.check(canonical, family);
}

/** Whether every address of `inner` is one of `outer`. */
export function cidrWithin(inner: string, outer: string): boolean {
  const [small, large] = [parse(inner), parse(outer)];
  return small !== null && large !== null && small.prefix >= large.prefix && cidrContains(outer, small.base);
}

function parse(text: string): { base: string; prefix: number; family: Family } | null {
  const [base = '', prefixText, ...rest] = text.split('/');
  const version = isIP(base);
  if (version === 0 || base.includes('%') || rest.length > 0) return null;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (canonicalAddress(base) === null || familyOf(canonicalAddress(base) ?? '') !== family) return null;
  if (prefixText === undefined) return { base, prefix: BITS[family], family };
  if (!/^(0|[1-9]\d{0,2})$/.test(prefixText) || Number(prefixText) > BITS[family]) return null;
  return { base, prefix: Number(prefixText), family };
}

function familyOf(address: string): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
