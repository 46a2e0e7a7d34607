// The playbook of the key clean-up: reads the whole key inventory, revokes what has expired, reports what happened.
import { z } from 'zod';
import { Key } from '../../../protocol/key.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { pageOf } from '../../../protocol/page.ts';
import { missingScopeOf, parseOutput, reasonOf, wasCut } from './command-output.ts';
import type { ToolResult } from './conversation.ts';
import { type CleanupReport, describeCleanup, type ListedKey } from './key-cleanup-report.ts';
import type { Playbook } from './playbook.ts';

type Steps<Result> = Generator<string, Result, ToolResult>;

const KeySummary = Key.pick({ id: true, name: true, status: true, expiresAt: true });
const KeyPage = pageOf(KeySummary);
const RevokedKey = z.object({ key: Key.pick({ id: true, status: true, revokedAt: true }) });

/** A page that the agent would cut is asked for again with fewer keys. */
const PAGE_SIZES = [LIMITS.pageSize, 25, 5, 1] as const;
const PAGES_AT_MOST = 1_000;
/** What may stand in a shell command without quotes. */
const SAFE_CURSOR = /^[\w.=~+/:-]{1,200}$/;

type Inventory = { keys: ListedKey[] } | { trouble: string };

function* readInventory(): Steps<Inventory> {
  const keys: ListedKey[] = [];
  let size = 0;
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_AT_MOST; pages++) {
    const from: string = cursor === null ? '' : ` --cursor ${cursor}`;
    const result: ToolResult = yield `seed keys list --json --limit ${PAGE_SIZES[size]}${from}`;
    if (result.failed) return { trouble: reasonOf(result) };
    const page: z.infer<typeof KeyPage> | null = parseOutput(KeyPage, result);
    if (page === null && wasCut(result) && size + 1 < PAGE_SIZES.length) {
      size += 1;
      continue;
    }
    if (page === null) return { trouble: 'the answer of `seed keys list` is not a list of keys' };
    keys.push(...page.items);
    if (page.nextCursor === null) return { keys };
    if (!SAFE_CURSOR.test(page.nextCursor)) return { trouble: 'the cursor of the next page is malformed' };
    cursor = page.nextCursor;
  }
  return { trouble: `the list does not end after ${PAGES_AT_MOST} pages` };
}

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
  const inventory = yield* readInventory();
  if ('trouble' in inventory) {
    return `Could not read the key inventory: ${inventory.trouble}. Nothing was revoked.`;
  }
  const report: CleanupReport = { keys: inventory.keys, revoked: [], failures: [] };
  const expired = inventory.keys.filter((key) => key.status === 'expired');
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
