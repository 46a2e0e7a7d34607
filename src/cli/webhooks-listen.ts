// seed webhooks listen: forwards events, signed, to a server in development. Used by local-commands.ts.
import { escapeJson, isRecord } from '../lib/json.ts';
import { SeedError } from '../protocol/errors.ts';
import { matchesType } from '../protocol/event-types.ts';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import type { WebhookEvent } from '../protocol/webhook.ts';
import { parseAnswer } from './answer-view.ts';
import { type Api, createApi } from './api.ts';
import { loadModule } from './folders.ts';
import { EXIT, type Io, usageError } from './io.ts';
import { type LocalCommand, textIn } from './local-command.ts';
import { cachedManifest } from './manifest-source.ts';
import { loadProfile } from './profile.ts';
import { streamItems } from './stream.ts';
import { sanitiseLine, styleFor } from './terminal.ts';

const FORWARD_TIMEOUT_MS = 15_000;

export const webhooksListen: LocalCommand = {
  name: 'webhooks listen',
  alsoOnServer: true,
  summary: 'Follow events as they happen and forward them, signed, to a server of your own while you develop it',
  usage: 'seed webhooks listen [--forward-to <url>] [--events <types>]',
  flags: [
    { name: '--forward-to <url>', summary: 'Where to post each event, such as http://127.0.0.1:3000/hooks' },
    { name: '--events <types>', summary: 'Only these types, with commas: task.completed, key.* [default *]' },
  ],
  examples: ['seed webhooks listen --forward-to localhost:3000/hooks --events "task.*"'],
  async run(io, flags, values) {
    const forwardTo = values['forward-to'] === undefined ? null : checkTarget(String(values['forward-to']));
    const types = textIn(values, 'events')?.split(',') ?? ['*'];
    const profile = loadProfile(io, flags.url);
    const api = createApi(io, profile);
    const manifest = await cachedManifest(io, api, profile, flags).load();
    const stream = commandOf(manifest, 'webhooks events stream');
    const position = { seq: await newestSeq(api, commandOf(manifest, 'webhooks events list')) };
    const signing = await loadModule<typeof import('../lib/standard-webhooks.ts')>('src/lib/standard-webhooks.ts');
    const secret = signing.newWebhookSecret();
    const sign = (id: string, body: string) => signing.webhookHeaders([secret], id, io.clock.now(), body);
    if (!flags.quiet) io.stderr.write(greeting(forwardTo, secret));
    const interruption = new AbortController();
    const withdraw = io.onInterrupt(() => interruption.abort());
    try {
      const events = streamItems({ io, api, command: stream, input: {} }, position, interruption.signal);
      for await (const { item } of events) {
        if (!isEvent(item) || !types.some((type) => matchesType(type.trim(), item.type))) continue;
        const answer = forwardTo === null ? null : await forward(io, item, forwardTo, sign);
        const json = `${escapeJson(JSON.stringify({ event: item, answer }))}\n`;
        io.stdout.write(flags.json ? json : textLine(io, item, answer));
      }
      return EXIT.ok;
    } catch (error) {
      if (!interruption.signal.aborted) throw error;
      return EXIT.interrupted;
    } finally {
      withdraw();
    }
  },
};

/** What the forwarded event was answered: an HTTP status, or why there is none. */
type ForwardAnswer = number | string;

async function forward(
  io: Io,
  { id, type, timestamp, data }: WebhookEvent,
  url: string,
  sign: (id: string, body: string) => Record<string, string>,
): Promise<ForwardAnswer> {
  const body = JSON.stringify({ type, timestamp, data });
  const headers = { 'content-type': 'application/json', 'user-agent': 'seed-cli', ...sign(id, body) };
  try {
    const answer = await io.request({ method: 'POST', url, headers, body, timeoutMs: FORWARD_TIMEOUT_MS });
    // Ends the connection, however much would still come.
    for await (const _begin of answer.body) break;
    return answer.status;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function commandOf(manifest: Manifest, name: string): ManifestCommand {
  const command = manifest.commands.find((candidate) => candidate.name === name);
  if (command) return command;
  throw new SeedError('missing_scope', 'seed webhooks listen needs a key with the scope webhooks:read');
}

/** From where on events are new; 0: there has been none. */
async function newestSeq(api: Api, list: ManifestCommand): Promise<number> {
  const page = parseAnswer(await api.call(list, { limit: 1 }));
  const items = isRecord(page) && Array.isArray(page['items']) ? page['items'] : [];
  return isEvent(items[0]) ? (items[0].seq ?? 0) : 0;
}

function isEvent(item: unknown): item is WebhookEvent {
  return isRecord(item) && typeof item['type'] === 'string' && isRecord(item['data']);
}

const HOST = /^(?:localhost|[\w.-]+:\d+|\[[\da-f:]+\](?::\d+)?|[\w-]+(?:\.[\w-]+)+)(?:\/|$)/i;

function checkTarget(text: string): string {
  // As people write it: a host with a port, or a port alone.
  const written = /^:?\d+(\/|$)/.test(text) ? `localhost:${text.replace(/^:/, '')}` : text;
  const url = URL.parse(HOST.test(written) ? `http://${written}` : written);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  const problem = `${JSON.stringify(text)} is no address to forward to`;
  throw usageError(problem, 'Write it as http://127.0.0.1:3000/hooks, or localhost:3000.');
}

function greeting(forwardTo: string | null, secret: string): string {
  const how = forwardTo === null ? '' : `Forwarded to ${forwardTo}, signed with this secret:\n\n  ${secret}\n\n`;
  return `${how}Waiting for events. Ctrl-C ends it.\n`;
}

function textLine(io: Io, { id, type, timestamp }: WebhookEvent, answer: ForwardAnswer | null): string {
  const style = styleFor(io.stdout, io);
  const paint = typeof answer === 'number' && answer >= 200 && answer < 300 ? style.green : style.red;
  const outcome = answer === null ? '' : ` ${paint(sanitiseLine(String(answer)))}`;
  return `${style.dim(sanitiseLine(timestamp))} ${sanitiseLine(type)} ${style.dim(sanitiseLine(id))}${outcome}\n`;
}
