// The playbook of the key clean-up: reads the whole key inventory, revokes what has expired, reports what
// happened.
import {
  counted,
  Key,
  missingScopeOf,
  type Playbook,
  parseOutput,
  plain,
  readPages,
  reasonOf,
  type Steps,
  z,
} from 'seed/pack';

const KeySummary = Key.pick({ id: true, name: true, status: true, expiresAt: true });
const RevokedKey = z.object({ key: Key.pick({ id: true, status: true, revokedAt: true }) });

/** The id goes into a command: the schema above has checked that it is a UUID. */
function* revoke(key: ListedKey, report: CleanupReport): Steps<'go on' | 'stop'> {
  const result = yield `seed keys revoke ${key.id} --json`;
  const revoked = result.failed ? null : parseOutput(RevokedKey, result)?.key;
  if (revoked?.id === key.id && revoked.status === 'revoked') {
    report.revoked.push({ ...key, revokedAt: revoked.revokedAt });
    return 'go on';
  }
  const reason = result.failed ? reasonOf(result) : 'the answer of `seed keys revoke` does not confirm it';
  report.failures.push({ key, reason });
  return missingScopeOf(result) === null ? 'go on' : 'stop';
}

function* play(): Steps<string> {
  const inventory = yield* readPages('seed keys list', KeySummary);
  if ('trouble' in inventory) {
    return `Could not read the key inventory: ${inventory.trouble}. Nothing was revoked.`;
  }
  const report: CleanupReport = { keys: inventory.items, revoked: [], failures: [] };
  const expired = inventory.items.filter((key) => key.status === 'expired');
  for (const [index, key] of expired.entries()) {
    if ((yield* revoke(key, report)) === 'go on') continue;
    // The scope that is missing for one key is missing for all.
    const reason = report.failures.at(-1)?.reason ?? '';
    report.failures.push(...expired.slice(index + 1).map((rest) => ({ key: rest, reason })));
    break;
  }
  return describeCleanup(report);
}

/** Whether expired keys are to be revoked, and nothing is said against it or of keys that are to be spared. */
function recognises(instruction: string): boolean {
  const text = instruction.toLowerCase();
  const wanted = /\bkeys?\b/.test(text) && /\brevok(?:e|es|ed|ing)\b/.test(text) && /\bexpired\b/.test(text);
  const refused =
    /\b(?:not|never|without|n['’]t|instead of)\b[^.!?\n]{0,40}\brevok/.test(text) || /n['’]t revok/.test(text);
  const spared = /\b(?:except|unless|other than|apart from|un-?expired|non-?expired|not expired)\b/.test(text);
  return wanted && !refused && !spared;
}

export const keyCleanup: Playbook = {
  name: 'key-cleanup',
  example: 'Check our API key inventory and revoke any expired ones',
  recognises,
  play,
};

// The answer of the key clean-up in words. Everything in it comes from what the commands returned.
export type ListedKey = Pick<Key, 'id' | 'name' | 'status' | 'expiresAt'>;

export interface CleanupReport {
  keys: ListedKey[];
  revoked: (ListedKey & { revokedAt: string | null })[];
  failures: { key: ListedKey; reason: string }[];
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** `10:09`, in UTC; with its date when it is not within a day of the revocation. */
function expiryTime(expiresAt: string, revokedAt: string | null): string {
  const time = new Date(expiresAt).toISOString();
  const recent = revokedAt !== null && Math.abs(Date.parse(revokedAt) - Date.parse(expiresAt)) < DAY_MS;
  return recent ? time.slice(11, 16) : `${time.slice(0, 10)} ${time.slice(11, 16)}`;
}

function revokedSentence(revoked: CleanupReport['revoked']): string {
  const names = revoked.map(({ name, expiresAt, revokedAt }) =>
    expiresAt === null ? plain(name) : `${plain(name)} (expired ${expiryTime(expiresAt, revokedAt)})`,
  );
  return `Revoked ${counted(revoked.length, 'expired key')}: ${names.join(', ')}.`;
}

/** One sentence a reason, so that a hundred refusals do not make a hundred sentences. */
function failureSentences(failures: CleanupReport['failures']): string[] {
  const byReason = Map.groupBy(failures, (failure) => failure.reason);
  return [...byReason].map(([reason, group]) => {
    const names = group.map(({ key }) => plain(key.name)).join(', ');
    return `Could not revoke ${counted(group.length, 'expired key')} (${names}): ${reason.replace(/\.$/, '')}.`;
  });
}

/** `Found 9 keys. 5 already revoked. Revoked 2 expired keys: … 2 active keys remain.` */
function describeCleanup({ keys, revoked, failures }: CleanupReport): string {
  if (keys.length === 0) return 'Found no keys. Nothing to revoke.';
  const count = (status: ListedKey['status']) => keys.filter((key) => key.status === status).length;
  const active = count('active');
  const sentences = [
    `Found ${counted(keys.length, 'key')}.`,
    `${count('revoked') || 'None'} already revoked.`,
    ...(count('expired') === 0 ? ['No expired keys.'] : []),
    ...(revoked.length > 0 ? [revokedSentence(revoked)] : []),
    ...failureSentences(failures),
    active === 1 ? '1 active key remains.' : `${active || 'No'} active keys remain.`,
  ];
  return sentences.join(' ');
}
