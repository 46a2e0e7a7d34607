// The playbook of the activity summary: reads the webhook events of the last days and what was called meanwhile,
// and tells the team in a few lines.
import { counted, type Playbook, plain, RequestReport, readPages, type Steps, WebhookEvent, z } from 'seed/pack';
import { askedDays } from './asked-time.ts';
import { readReport } from './read-report.ts';

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

// The activity summary in words. Everything in it comes from what the commands returned.
export interface HappenedEvent {
  type: string;
  timestamp: string;
}

/** What was called, or why that could not be read. */
type Requests =
  | { requests: number; refused: number; failed: number; commands: { name: string; requests: number }[] }
  | { trouble: string };

const COMMANDS_MOST = 3;

/** `Platform activity of the last 7 days` and its lines. */
function describeActivity(days: number, events: readonly HappenedEvent[], requests: Requests): string {
  const title = `Platform activity of the last ${counted(days, 'day')}`;
  return [title, '', ...eventLines(events), '', ...requestLines(requests)].join('\n');
}

function eventLines(events: readonly HappenedEvent[]): string[] {
  if (events.length === 0) return ['No webhook events.'];
  const types = mostFirst(events.map(({ type }) => type));
  const most = types[0]?.count ?? 0;
  const leading = types.filter(({ count }) => count === most).map(({ name }) => name);
  const [busiest] = mostFirst(events.map(({ timestamp }) => timestamp.slice(0, 10)));
  return [
    `${counted(events.length, 'webhook event')} of ${counted(types.length, 'type')}. Most active: ${leading.join(', ')} (${most}).`,
    ...types.map(({ name, count }) => `- ${name}: ${count} (${share(count, events.length)})`),
    ...(busiest ? [`Busiest day: ${busiest.name}, ${counted(busiest.count, 'event')}.`] : []),
    ...taskLine(events),
  ];
}

/** How tasks ended, where any did. */
function taskLine(events: readonly HappenedEvent[]): string[] {
  const count = (type: string) => events.filter((event) => event.type === type).length;
  const [completed, failed, stopped] = ['task.completed', 'task.failed', 'task.stopped'].map(count);
  const ended = (completed ?? 0) + (failed ?? 0) + (stopped ?? 0);
  if (ended === 0) return [];
  return [
    `Tasks: ${ended} ended, ${completed} completed (${share(completed ?? 0, ended)}), ${failed} failed, ${stopped} stopped.`,
  ];
}

function requestLines(requests: Requests): string[] {
  if ('trouble' in requests) return [`What was called could not be read: ${requests.trouble.replace(/\.$/, '')}.`];
  const { requests: total, refused, failed, commands } = requests;
  if (total === 0) return ['No requests.'];
  const most = commands
    .toSorted((one, other) => other.requests - one.requests || compare(one.name, other.name))
    .slice(0, COMMANDS_MOST)
    .map(({ name, requests: count }) => `${name} (${count})`);
  return [`${counted(total, 'request')}, ${refused} refused, ${failed} failed. Most called: ${most.join(', ')}.`];
}

/** Counted, the most frequent first, those as frequent by name. */
function mostFirst(names: readonly string[]): { name: string; count: number }[] {
  const counts = [...Map.groupBy(names, (name) => name)].map(([name, all]) => ({ name, count: all.length }));
  return counts.sort((one, other) => other.count - one.count || compare(one.name, other.name));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : 1;
}

function share(part: number, whole: number): string {
  return `${Math.round((part / whole) * 100)} %`;
}
