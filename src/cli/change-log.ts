// The upgrade notes between two versions, out of CHANGELOG.md. Used by upgrade.ts.

export interface UpgradeNotes {
  version: string;
  /** Markdown, without its heading. */
  text: string;
}

const VERSION = /^## \[?v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)\b/;
const NOTES = /^### Upgrad/i;

/** Of versions above `from` and up to `to`, the oldest first: the order in which they are done. */
export function upgradeNotes(changeLog: string, from: string, to: string): UpgradeNotes[] {
  const found: UpgradeNotes[] = [];
  for (const section of changeLog.split(/^(?=## )/m)) {
    const version = VERSION.exec(section)?.[1];
    if (version === undefined || compareVersions(version, from) <= 0 || compareVersions(version, to) > 0) continue;
    const part = section.split(/^(?=### )/m).find((each) => NOTES.test(each));
    const text = part?.replace(/^.*\n/, '').trim() ?? '';
    if (text !== '') found.push({ version, text });
  }
  return found.sort((one, other) => compareVersions(one.version, other.version));
}

/** By semver's precedence. */
export function compareVersions(one: string, other: string): number {
  const [mine, theirs] = [partsOf(one), partsOf(other)];
  for (const index of [0, 1, 2]) {
    const difference = (mine.numbers[index] ?? 0) - (theirs.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (mine.before.length === 0 || theirs.before.length === 0) return theirs.before.length - mine.before.length;
  for (let index = 0; index < Math.max(mine.before.length, theirs.before.length); index++) {
    const difference = compareIdentifiers(mine.before[index], theirs.before[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function partsOf(version: string): { numbers: number[]; before: string[] } {
  const [release = '', ...before] = (version.split('+')[0] ?? '').split('-');
  return { numbers: release.split('.').map(Number), before: before.join('-').split('.').filter(Boolean) };
}

/** Numbers come before words, and the shorter list before the longer. */
function compareIdentifiers(one: string | undefined, other: string | undefined): number {
  if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? -1 : 1;
  const [mine, theirs] = [one, other].map((each) => (/^\d+$/.test(each) ? Number(each) : null));
  if (mine != null && theirs != null) return mine - theirs;
  if (mine != null || theirs != null) return mine != null ? -1 : 1;
  return one === other ? 0 : one < other ? -1 : 1;
}
