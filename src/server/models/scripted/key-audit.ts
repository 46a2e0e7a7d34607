// The playbook of the key audit: lists all keys, finds those that were not used for so many days, looks up what was called
// for them meanwhile, and recommends what to do. It changes nothing.
import { z } from 'zod';
import { Key } from '../../../protocol/key.ts';
import { RequestReport } from '../../../protocol/obs.ts';
import { askedDays } from './asked-time.ts';
import { type AuditedKey, describeAudit } from './key-audit-report.ts';
import type { Playbook, Steps } from './playbook.ts';
import { readPages } from './read-pages.ts';
import { readReport } from './saved-report.ts';

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
