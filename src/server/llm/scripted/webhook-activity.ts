// The playbook of the weekly activity summary: reads the webhook events of the last seven days and what was called meanwhile,
// and tells the team in a few lines.
import { z } from 'zod';
import { WebhookEvent } from '../../../protocol/webhook.ts';
import { parseOutput, plain, reasonOf } from './command-output.ts';
import type { Playbook } from './playbook.ts';
import { readList, type Steps } from './read-list.ts';
import { type CalledCommand, describeActivity } from './webhook-activity-report.ts';

const EventSummary = WebhookEvent.pick({ type: true, timestamp: true });
const Requests = z.object({
  total: z.number(),
  items: z.array(
    z.object({ group: z.string(), requests: z.number(), refused: z.number(), failed: z.number() }),
  ),
});

function* readRequests(): Steps<{ total: number; commands: CalledCommand[] } | { trouble: string }> {
  const result = yield 'seed obs requests --json --by command --since 7d';
  if (result.failed) return { trouble: reasonOf(result) };
  const report = parseOutput(Requests, result);
  if (report === null) return { trouble: 'the answer of `seed obs requests` is not such a report' };
  const commands = report.items.map(({ group, ...counts }) => ({ name: plain(group), ...counts }));
  return { total: report.total, commands };
}

function* play(): Steps<string> {
  const events = yield* readList('seed webhooks events list --since 7d', EventSummary);
  if ('trouble' in events) return `Could not read the webhook event history: ${events.trouble}.`;
  const requests = yield* readRequests();
  return describeActivity(events.items, requests);
}

/** Whether a summary of the webhook events of a week is wanted. */
function recognises(instruction: string): boolean {
  const text = instruction.toLowerCase();
  const aboutEvents = /\bwebhooks?\b/.test(text) && /\bevents?\b/.test(text);
  const wanted = /\b(?:summary|summari[sz]e|most active|review|report)\b/.test(text);
  const week = /\b(?:last|past) (?:7|seven) days\b|\bweek(?:ly)?\b/.test(text);
  const other = /\b(?:replay|delete|create|rotate|disable|enable|update)\b/.test(text);
  return aboutEvents && wanted && week && !other;
}

export const webhookActivity: Playbook = {
  name: 'webhook-activity',
  example:
    'Review our webhook event history from the last 7 days. Identify the most active event types and generate a weekly platform activity summary for the team.',
  recognises,
  play,
};
