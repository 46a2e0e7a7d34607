import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, cidrContains, cidrWithin, isCidr, networkOf } from './cidr.ts';

const ipv4Text = (value: bigint) => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
const ipv6Text = (value: bigint) =>
  [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((value >> shift) & 65535n).toString(16)).join(':');
const families = [
  { bits: 32, toText: ipv4Text },
  { bits: 128, toText: ipv6Text },
] as const;

describe.each(families)('ranges of $bits bits', ({ bits, toText }) => {
  // Above the ranges that stand for IPv4 addresses.
  const address = fc.bigInt({ min: bits === 32 ? 0n : 1n << 120n, max: (1n << BigInt(bits)) - 1n });
  const prefix = fc.integer({ min: 0, max: bits });
  const head = (value: bigint, length: number) => value >> BigInt(bits - length);

  it('hold exactly the addresses that share their first bits', () => {
    fc.assert(
      fc.property(address, address, prefix, fc.integer({ min: 0, max: bits }), (base, other, length, shared) => {
        // Such that the two often agree in about as many bits as are compared.
        const mask = (1n << BigInt(bits - shared)) - 1n;
        const near = (base & ~mask) | (other & mask);
        fc.pre(bits === 32 || near >= 1n << 120n);
        const cidr = `${toText(base)}/${length}`;
        expect(cidrContains(cidr, toText(near))).toBe(head(near, length) === head(base, length));
      }),
    );
  });

  it('lie within another exactly when that is as wide and shares its first bits', () => {
    fc.assert(
      fc.property(address, address, prefix, prefix, (one, other, inner, outer) => {
        for (const base of [one, other]) {
          const expected = inner >= outer && head(one, outer) === head(base, outer);
          expect(cidrWithin(`${toText(one)}/${inner}`, `${toText(base)}/${outer}`)).toBe(expected);
        }
      }),
    );
  });
});

describe('addresses', () => {
  it.each([
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:a01:203', true],
    ['10.0.0.0/8', '::10.1.2.3', false],
    ['10.0.0.0/8', '64:ff9b::a01:203', false],
    ['::/0', '10.1.2.3', false],
    ['::/0', '::ffff:10.1.2.3', false],
    ['0.0.0.0/0', '::1', false],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['2001:db8::/32', '2001:DB8:0::7', true],
    ['10.0.0.0/8', 'not an address', false],
  ])('%s holds %s: %s', (cidr, address, expected) => {
    expect(cidrContains(cidr, address)).toBe(expected);
  });

  it.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.0/8',
    '10.0.0.0/08',
    '10.0.0.0/',
    '/8',
    'localhost',
    '::/129',
    '::ffff:10.0.0.0/104',
    'fe80::%1/64',
    '1.2.3.4/8/8',
    '0x7f.1',
  ])('%s is no range', (text) => {
    expect(isCidr(text)).toBe(false);
  });

  it('have one way to be written', () => {
    expect(canonicalAddress('::ffff:1.2.3.4')).toBe('1.2.3.4');
    expect(canonicalAddress('2001:DB8:0:0::1')).toBe('2001:db8::1');
    expect(canonicalAddress('1.2.3')).toBeNull();
  });
});

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
