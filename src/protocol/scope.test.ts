import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allows, expand, grantScopes, unknownScopes } from './scope.ts';

const KNOWN = ['accounts:read', 'keys:read', 'keys:write', 'tasks:read', 'tasks:write'];
const pattern = fc.constantFrom(...KNOWN, 'accounts:*', 'keys:*', 'tasks:*', '*');
const patterns = fc.uniqueArray(pattern, { maxLength: 6 });

describe('grantScopes', () => {
  it('gives all of the caller when nothing was requested', () => {
    fc.assert(
      fc.property(patterns, (caller) => {
        const grant = grantScopes(null, caller, KNOWN);
        expect(grant).toEqual({ requested: null, effective: expand(caller, KNOWN), denied: [] });
      }),
    );
  });

  it('never gives a scope that the caller lacks or that was not requested', () => {
    fc.assert(
      fc.property(patterns, patterns, (requested, caller) => {
        for (const scope of grantScopes(requested, caller, KNOWN).effective) {
          expect(allows(caller, scope)).toBe(true);
          expect(allows(requested, scope)).toBe(true);
        }
      }),
    );
  });

  it('puts every requested scope in exactly one of effective and denied', () => {
    fc.assert(
      fc.property(patterns, patterns, (requested, caller) => {
        const { effective, denied } = grantScopes(requested, caller, KNOWN);
        expect([...effective, ...denied].sort()).toEqual(expand(requested, KNOWN));
        expect(denied.some((scope) => allows(caller, scope))).toBe(false);
      }),
    );
  });

  it('does not widen along a chain of tasks', () => {
    fc.assert(
      fc.property(patterns, patterns, patterns, (first, second, caller) => {
        const parent = grantScopes(first, caller, KNOWN).effective;
        const child = grantScopes(second, parent, KNOWN).effective;
        expect(child.every((scope) => parent.includes(scope))).toBe(true);
      }),
    );
  });

  it('grants nothing when the intersection is empty', () => {
    expect(grantScopes(['keys:write'], ['tasks:*'], KNOWN)).toEqual({
      requested: ['keys:write'],
      effective: [],
      denied: ['keys:write'],
    });
  });
});

describe('allows', () => {
  it.each([
    ['*', 'keys:read', true],
    ['keys:*', 'keys:read', true],
    ['keys:*', 'keys-old:read', false],
    ['keys:read', 'keys:*', false],
    ['keys:*', '*', false],
    ['keys:read', 'keys:readmore', false],
  ])('%s allows %s: %s', (granted, wanted, expected) => {
    expect(allows([granted], wanted)).toBe(expected);
  });
});

describe('unknownScopes', () => {
  it('finds what no command asks for', () => {
    expect(unknownScopes(['keys:read', 'key:read', 'obs:*', '*'], KNOWN)).toEqual(['key:read', 'obs:*']);
  });
});
