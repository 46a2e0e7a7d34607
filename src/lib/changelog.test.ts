import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compareVersions, readChangelog, upgradeNotesBetween } from './changelog.ts';
import { readVersion } from './version.ts';

const OWN = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8');
const TEXT = `# Changelog

What it is.

## 2.0.0

- Something
  that goes on.
- More.

### Upgrade notes

- Do this
  first.
- Then that.

## 1.1.0

### Upgrade notes

- Nothing to do.

## 1.1.0-rc.1

- A try.

### Upgrade notes

- Of the try.
`;

it("of this repository has its form, and begins with package.json's version", () => {
  const [newest] = readChangelog(OWN);
  expect(newest?.version).toBe(readVersion());
  expect(newest?.changes.length).toBeGreaterThan(0);
});

it('is read by versions, whatever ends its lines', () => {
  const releases = readChangelog(TEXT);
  expect(releases.map(({ version }) => version)).toEqual(['2.0.0', '1.1.0', '1.1.0-rc.1']);
  expect(releases[0]?.changes).toEqual(['Something that goes on.', 'More.']);
  expect(releases[0]?.upgradeNotes).toEqual(['Do this first.', 'Then that.']);
  expect(readChangelog(TEXT.replaceAll('\n', '\r\n'))).toEqual(releases);
});

it('tells what stands between two versions, in the order in which it is done', () => {
  expect(upgradeNotesBetween(TEXT, '1.0.0', '2.0.0')).toEqual([
    { version: '1.1.0-rc.1', notes: ['Of the try.'] },
    { version: '2.0.0', notes: ['Do this first.', 'Then that.'] },
  ]);
  expect(upgradeNotesBetween(TEXT, '1.1.0', 'v2.0.0').map(({ version }) => version)).toEqual(['2.0.0']);
  expect(upgradeNotesBetween(TEXT, '2.0.0', '2.0.0')).toEqual([]);
  expect(upgradeNotesBetween(TEXT, '1.0.0', '1.1.0-rc.1')).toHaveLength(1);
});

it.each([
  ['a heading with more than a version', '## 1.0.0 (unreleased)\n', '"1.0.0 (unreleased)" is no version'],
  ['no upgrade notes', '## 1.0.0\n\n- One.\n', '1.0.0 has no "### Upgrade notes"'],
  ['none before the next', '## 1.0.0\n- One.\n## 0.9.0\n', 'line 3 of the changelog: 1.0.0 has no'],
  ['another part', '## 1.0.0\n### Fixed\n', '"Fixed" is not the one'],
  ['notes twice', '## 1.0.0\n### Upgrade notes\n### Upgrade notes\n', 'is not the one'],
  ['a wrong order', '## 1.0.0\n### Upgrade notes\n## 1.0.1\n### Upgrade notes\n', '1.0.1 stands below 1.0.0'],
  ['the same twice', '## 1.0.0\n### Upgrade notes\n## 1.0.0\n### Upgrade notes\n', '1.0.0 stands below 1.0.0'],
  ['prose among items', '## 1.0.0\nHello.\n', 'neither an item'],
  ['a deeper heading', '## 1.0.0\n### Upgrade notes\n#### Docker\n', 'a heading of another level'],
])('refuses %s', (_, text, message) => {
  expect(() => readChangelog(text)).toThrow(message);
});

it('orders versions as Semantic Versioning does', () => {
  const inOrder = [
    ...['0.9.10', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2'],
    ...['1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1', '1.2.0', '1.10.0', '2.0.0'],
  ];
  for (const [index, version] of inOrder.entries())
    for (const [other, against] of inOrder.entries())
      expect(Math.sign(compareVersions(version, against)), `${version} and ${against}`).toBe(
        Math.sign(index - other),
      );
  expect(compareVersions('1.0.0+build.7', 'v1.0.0')).toBe(0);
  expect(() => compareVersions('1.0', '1.0.0')).toThrow('"1.0" is no version');
});
