// The playbook of the key clean-up: reads the whole key inventory, revokes what has expired, reports what happened.
import { z } from 'zod';
import { Key } from '../../../protocol/key.ts';
import { missingScopeOf, parseOutput, reasonOf } from './command-output.ts';
import { type CleanupReport, describeCleanup, type ListedKey } from './key-cleanup-report.ts';
import type { Playbook, Steps } from './playbook.ts';
import { readPages } from './read-pages.ts';

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
    /\b(?:not|never|without|n['’]t|instead of)\b[^.!?\n]{0,40}\brevok/.test(text) ||
    /n['’]t revok/.test(text);
  const spared = /\b(?:except|unless|other than|apart from|un-?expired|non-?expired|not expired)\b/.test(
    text,
  );
  return wanted && !refused && !spared;
}

export const keyCleanup: Playbook = {
  name: 'key-cleanup',
  example: 'Check our API key inventory and revoke any expired ones',
  recognises,
  play,
};
