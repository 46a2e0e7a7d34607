// What CHANGELOG.md says of each version, in its fixed form: `## <version>`, then items, last `### Upgrade notes`
// with items. Read by `seed upgrade --check`, and by the test that holds the file to the form.
import { SeedError } from '../protocol/errors.ts';

export interface Release {
  version: string;
  /** What changed, an item each, as Markdown on one line. */
  changes: readonly string[];
  /** What whoever upgrades to it has to do or know, an item each. Empty where there is nothing to do. */
  upgradeNotes: readonly string[];
}

/** Semantic Versioning 2.0.0, without build metadata, which orders nothing. */
const VERSION =
  /^(?<numbers>(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2})(?:-(?<tags>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;
const NOTES = 'Upgrade notes';
const NOTHING_TO_DO = 'Nothing to do.';

/**
 * @param text of the file
 * @returns the releases in its order, newest first
 * @throws SeedError invalid_input with what is not in the form, and in which line
 */
export function readChangelog(text: string): Release[] {
  const releases: { version: string; changes: string[]; upgradeNotes: string[]; hasNotes: boolean }[] = [];
  let items: string[] | null = null;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const refuse = (what: string) =>
      new SeedError('invalid_input', `line ${index + 1} of the changelog: ${what}`, {
        hint: 'A version is "## 1.2.3", its items begin with "- ", and "### Upgrade notes" is its last part.',
      });
    const [, level = '', title = ''] = /^(#+) (.*?)\s*$/.exec(line) ?? [];
    const release = releases.at(-1);
    if (level === '##') {
      if (!VERSION.test(title)) throw refuse(`"${title}" is no version`);
      if (release && !release.hasNotes) throw refuse(`${release.version} has no "### ${NOTES}"`);
      if (release && compareVersions(title, release.version) >= 0)
        throw refuse(`${title} stands below ${release.version}, and newer ones stand above`);
      items = [];
      releases.push({ version: title, changes: items, upgradeNotes: [], hasNotes: false });
    } else if (level === '###' && release) {
      if (title !== NOTES || release.hasNotes) throw refuse(`"${title}" is not the one "### ${NOTES}"`);
      release.hasNotes = true;
      items = release.upgradeNotes;
    } else if (level !== '' && release) throw refuse(`a heading of another level, "${title}"`);
    else if (items && line.startsWith('- ')) items.push(line.slice(2).trim());
    else if (items && /^ {2}\S/.test(line) && items.length > 0) items.push(`${items.pop()} ${line.trim()}`);
    else if (items && line.trim() !== '') throw refuse('it is neither an item nor goes on with one');
  }
  const last = releases.at(-1);
  if (last && !last.hasNotes)
    throw new SeedError('invalid_input', `the changelog's ${last.version} has no "### ${NOTES}"`);
  return releases.map(({ version, changes, upgradeNotes }) => ({
    version,
    changes,
    upgradeNotes: upgradeNotes.filter((note) => note !== NOTHING_TO_DO),
  }));
}

/**
 * What an upgrade from one version to another asks for.
 * @returns the releases after `from` up to `to` that have notes, oldest first: the order in which to follow them
 */
export function upgradeNotesBetween(
  text: string,
  from: string,
  to: string,
): { version: string; notes: readonly string[] }[] {
  return readChangelog(text)
    .filter(({ version }) => compareVersions(version, from) > 0 && compareVersions(version, to) <= 0)
    .filter(({ upgradeNotes }) => upgradeNotes.length > 0)
    .map(({ version, upgradeNotes }) => ({ version, notes: upgradeNotes }))
    .reverse();
}

/**
 * The precedence of Semantic Versioning 2.0.0.
 * @returns below 0 where `one` is the older, above 0 where it is the newer
 * @throws SeedError invalid_input for what is no version
 */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [partsOf(one), partsOf(other)];
  for (const [index, number] of left.numbers.entries()) {
    const difference = number - (right.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  // 1.0.0-rc.1 is older than 1.0.0.
  if (left.tags.length === 0 || right.tags.length === 0) return right.tags.length - left.tags.length;
  for (const [index, tag] of left.tags.entries()) {
    const difference = compareTags(tag, right.tags[index]);
    if (difference !== 0) return difference;
  }
  return left.tags.length - right.tags.length;
}

function compareTags(one: string, other: string | undefined): number {
  if (other === undefined) return 1;
  if (one === other) return 0;
  const numeric = [one, other].map((tag) => /^\d+$/.test(tag));
  if (numeric[0] && numeric[1]) return Number(one) - Number(other);
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  return one < other ? -1 : 1;
}

function partsOf(version: string): { numbers: number[]; tags: string[] } {
  const { numbers, tags } = VERSION.exec(version.replace(/^v|\+.*$/g, ''))?.groups ?? {};
  if (numbers === undefined) throw new SeedError('invalid_input', `"${version}" is no version, such as 1.2.3`);
  return { numbers: numbers.split('.').map(Number), tags: tags?.split('.') ?? [] };
}
