// The answer of the key clean-up in words. Everything in it comes from what the commands returned.
import type { Key } from '../../../protocol/key.ts';
import { counted, plain } from './command-output.ts';

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
export function describeCleanup({ keys, revoked, failures }: CleanupReport): string {
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
