// The playbook of the key audit: lists all keys, finds those that were not used for so many days, looks up what
// was called for them meanwhile, and recommends what to do. It changes nothing.
import { counted, Key, KeyStatus, type Playbook, plain, RequestReport, readPages, type Steps, z } from 'seed/pack';
import { askedDays } from './asked-time.ts';
import { readReport } from './read-report.ts';

const DAYS_UNLESS_SAID = 30;

const Listed = Key.pick({ id: true, name: true, status: true, createdAt: true, lastUsedAt: true });
const Called = {
  group: RequestReport.shape.items.element.pick({ group: true, requests: true }),
  totals: z.object({ requests: z.int() }),
};

function* play(instruction: string): Steps<string> {
  const days = askedDays(instruction) ?? DAYS_UNLESS_SAID;
  const inventory = yield* readPages('seed keys list', Listed);
  if ('trouble' in inventory) return `Could not read the key inventory: ${inventory.trouble}.`;
  const unused = yield* readPages(`seed keys list --unused-for-days ${days}`, Listed);
  if ('trouble' in unused) return `Could not find out which keys are unused: ${unused.trouble}.`;
  const report = yield* readReport('requests', `--by key --since ${days}d`, Called);
  const calls =
    'trouble' in report
      ? report
      : { byKey: new Map(report.items.map(({ group, requests }) => [group, requests])), ...report };
  const stale: AuditedKey[] = unused.items.filter(({ status }) => status !== 'revoked');
  return describeAudit({ days, keys: inventory.items, stale, calls });
}

const CHANGE = String.raw`\b(?:revok(?:e|es|ed|ing)|delet\w+|remov\w+|disabl\w+|rotat\w+)\b`;
/** A change that is spoken of but not asked for. */
const NO_CHANGE = new RegExp(
  String.raw`(?:\b(?:not|never|without|recommend\w*|suggest\w*|propos\w+|should|could)\b|n['’]t)[^.!?\n]{0,40}?${CHANGE}`,
  'g',
);

/** Whether it is asked which keys are unused, and no change is. */
function recognises(instruction: string): boolean {
  const text = instruction.toLowerCase();
  const unused = /\b(?:unused|stale|dormant)\b|(?:\bnot|n['’]t)\b[^.!?\n]{0,20}\bused\b/.test(text);
  const changes = new RegExp(CHANGE).test(text.replace(NO_CHANGE, ''));
  return /\bkeys?\b/.test(text) && unused && !changes;
}

export const keyAudit: Playbook = {
  name: 'key-audit',
  example:
    "Audit our API key usage. List all keys, check which ones haven't been used in 30 days, and generate a cleanup recommendation.",
  recognises,
  play,
};

// The answer of the key audit in words. Everything in it comes from what the commands returned.
export type AuditedKey = Pick<Key, 'id' | 'name' | 'status' | 'createdAt' | 'lastUsedAt'>;

export interface KeyAudit {
  days: number;
  keys: AuditedKey[];
  /** Those that were not used for so many days and are not revoked. */
  stale: AuditedKey[];
  /** What was called meanwhile with keys and by their tasks, or why that is not known. */
  calls: { byKey: ReadonlyMap<string, number>; totals: { requests: number }; cut: number } | { trouble: string };
}

type Advice = 'revoke' | 'ask' | 'keep';

/** More lines are counted only. */
const LINES_MOST = 1_000;

function date(time: string): string {
  return new Date(time).toISOString().slice(0, 10);
}

function advise(key: AuditedKey, calls: number): { advice: Advice; why: string } {
  const last =
    key.lastUsedAt === null ? `never used, created ${date(key.createdAt)}` : `last used ${date(key.lastUsedAt)}`;
  if (calls > 0) return { advice: 'keep', why: `${last}, but its tasks made ${counted(calls, 'call')} since` };
  if (key.status === 'expired') return { advice: 'revoke', why: `${last}, expired: it no longer works` };
  if (key.status === 'disabled') return { advice: 'ask', why: `${last}, switched off by somebody` };
  if (key.lastUsedAt === null) return { advice: 'revoke', why: last };
  return { advice: 'ask', why: `${last}: its owner may still need it` };
}

function inventorySentence(keys: readonly AuditedKey[]): string {
  const counts = KeyStatus.options
    .map((status) => ({ status, count: keys.filter((key) => key.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}`);
  return `Checked ${counted(keys.length, 'key')}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}.`;
}

function callsSentence({ calls, days }: KeyAudit): string {
  const meanwhile = `In the last ${counted(days, 'day')}`;
  if ('trouble' in calls) return `What was called meanwhile is not known: ${calls.trouble.replace(/\.$/, '')}.`;
  const callers = calls.byKey.size + calls.cut;
  return `${meanwhile} ${counted(callers, 'key')} made ${counted(calls.totals.requests, 'call')}, those of tasks included.`;
}

/** A line for each stale key, those to revoke first, and what to do in all. */
export function describeAudit(audit: KeyAudit): string {
  const { keys, stale, calls, days } = audit;
  const begin = `${inventorySentence(keys)} ${callsSentence(audit)}`;
  if (stale.length === 0) {
    return `${begin}\nNo key that is not revoked went unused for ${counted(days, 'day')}. Nothing to clean up. Nothing was changed.`;
  }
  const advised = stale.map((key) => ({
    key,
    ...advise(key, 'trouble' in calls ? 0 : (calls.byKey.get(key.id) ?? 0)),
  }));
  const ofAdvice = (advice: Advice) => advised.filter((entry) => entry.advice === advice);
  const sorted = [...ofAdvice('revoke'), ...ofAdvice('ask'), ...ofAdvice('keep')];
  const lines = sorted
    .slice(0, LINES_MOST)
    .map(({ key, advice, why }) => `${advice.padEnd(6)}  ${plain(key.name)} (${key.id}): ${why}`);
  if (sorted.length > LINES_MOST) lines.push(`and ${sorted.length - LINES_MOST} more`);
  const summary = [
    `revoke ${ofAdvice('revoke').length} (seed keys revoke <id>)`,
    `ask the owners of ${ofAdvice('ask').length}`,
    `keep ${ofAdvice('keep').length}`,
  ];
  return [
    begin,
    `${counted(stale.length, 'key')} that ${stale.length === 1 ? 'is' : 'are'} not revoked went unused for ${counted(days, 'day')}:`,
    '',
    ...lines,
    '',
    `Recommendation: ${summary.join(', ')}. Nothing was changed.`,
  ].join('\n');
}
