import { describe, expect, it } from 'vitest';
import { compareVersions, upgradeNotes } from './change-log.ts';

const CHANGES = `# Changelog

Words.

## 0.3.0 (unreleased)

- New.

### Upgrade notes

- Third.

## [0.2.0] - 2027-01-01

### Upgrade notes

- Second \`a\`.

### Thanks

Everybody.

## 0.2.0-rc.1

### Upgrading

- Candidate.

## 0.1.0

- First.
`;

describe('the upgrade notes', () => {
  it('are those above one version and up to another, in the order to do them', () => {
    expect(upgradeNotes(CHANGES, '0.1.0', '0.3.0')).toEqual([
      { version: '0.2.0-rc.1', text: '- Candidate.' },
      { version: '0.2.0', text: '- Second `a`.' },
      { version: '0.3.0', text: '- Third.' },
    ]);
    expect(upgradeNotes(CHANGES, '0.2.0', '0.2.9')).toEqual([]);
    expect(upgradeNotes(CHANGES, '0.3.0', '0.1.0')).toEqual([]);
  });
});

it('orders versions as semver does', () => {
  const sorted = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0',
    '1.2.0',
    '1.10.0',
  ];
  expect([...sorted].reverse().sort(compareVersions)).toEqual(sorted);
  expect(compareVersions('1.0.0+build', '1.0.0')).toBe(0);
});
