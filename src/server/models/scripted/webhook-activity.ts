// The playbook of the activity summary: reads the webhook events of the last days and what was called meanwhile, and tells the
// team in a few lines.
import { z } from 'zod';
import { RequestReport } from '../../../protocol/obs.ts';
import { WebhookEvent } from '../../../protocol/webhook.ts';
import { askedDays } from './asked-time.ts';
import { plain } from './command-output.ts';
import type { Playbook, Steps } from './playbook.ts';
import { readPages } from './read-pages.ts';
import { readReport } from './saved-report.ts';
import { describeActivity } from './webhook-activity-report.ts';

const DAYS_OF_A_WEEK = 7;

const Happened = WebhookEvent.pick({ type: true, timestamp: true });
const Called = {
  group: RequestReport.shape.items.element.pick({ group: true, requests: true }),
  totals: z.object({ requests: z.int(), refused: z.int(), failed: z.int() }),
};

function* play(instruction: string): Steps<string> {
  const days = askedDays(instruction) ?? DAYS_OF_A_WEEK;
  const events = yield* readPages(`seed webhooks events list --since ${days}d`, Happened);
  if ('trouble' in events) return `Could not read the webhook event history: ${events.trouble}.`;
  const report = yield* readReport('requests', `--by command --since ${days}d`, Called);
  if ('trouble' in report) return describeActivity(days, events.items, report);
  const commands = report.items.map(({ group, requests }) => ({ name: plain(group), requests }));
  return describeActivity(days, events.items, { ...report.totals, commands });
}

/** Whether a summary of the webhook events of some days is wanted, and nothing else is to be done with them. */
function recognises(instruction: string): boolean {
  const text = instruction.toLowerCase();
  const aboutEvents = /\bwebhooks?\b/.test(text) && /\bevents?\b/.test(text);
  const wanted = /\b(?:summary|summari[sz]e|most active|review|report)\b/.test(text);
  const span = askedDays(text) !== null || /\bweek(?:ly)?\b|\bseven days\b/.test(text);
  const other = /\b(?:replay|delete|create|rotate|disable|enable|update)\b/.test(text);
  return aboutEvents && wanted && span && !other;
}

export const webhookActivity: Playbook = {
  name: 'webhook-activity',
  example:
    'Review our webhook event history from the last 7 days. Identify the most active event types and generate a weekly platform activity summary for the team.',
  recognises,
  play,
};
