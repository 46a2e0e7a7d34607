// Follows a stream command to its end. After a lost connection it goes on behind the last item that came.
import { AnswerError, mayPass } from './request.ts';
import type { CommandInput, CommandName, CommandOutput, Seed } from './seed.ts';

/** The server says something every 15 s; a connection that is silent for longer is dead although it looks open. */
const SILENCE_MS = 40_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

interface Following<Name extends CommandName> {
  after?: number;
  signal: AbortSignal;
  /** Items in order, those that came together at once; `position` is that of the last. */
  onItems(items: CommandOutput<Name>[], position: number): void;
  onState(state: 'live' | 'lost'): void;
}

/** Resolves at the end of the stream or when `signal` is aborted. @throws AnswerError when the server refuses */
export async function follow<Name extends CommandName>(
  seed: Pick<Seed, 'open'>,
  name: Name,
  input: CommandInput<Name>,
  { after = 0, signal, onItems, onState }: Following<Name>,
): Promise<void> {
  let position = after;
  let retryMs = FIRST_RETRY_MS;
  const take = (items: CommandOutput<Name>[], last: number) => {
    position = last;
    retryMs = FIRST_RETRY_MS;
    onItems(items, last);
  };
  while (!signal.aborted) {
    const attempt = new AbortController();
    const whole = AbortSignal.any([signal, attempt.signal]);
    try {
      const headers = { Accept: 'text/event-stream', ...(position > 0 && { 'Last-Event-ID': String(position) }) };
      const response = await seed.open(name, input, { headers, signal: whole });
      onState('live');
      if (await readToEnd(response, () => attempt.abort(), take)) return;
    } catch (error) {
      if (error instanceof AnswerError && !mayPass(error)) throw error;
    }
    if (signal.aborted) return;
    onState('lost');
    await pause(retryMs, signal);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }
}

/** @returns whether the stream came to its end; otherwise the connection was lost */
async function readToEnd<Item>(
  response: Response,
  giveUp: () => void,
  take: (items: Item[], position: number) => void,
): Promise<boolean> {
  const parse = eventParser();
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  if (!reader) return false;
  for (;;) {
    const silence = setTimeout(giveUp, SILENCE_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return false;
    const events = parse(decoder.decode(value, { stream: true }));
    const items = events.filter(({ event }) => event === 'message');
    const last = items.at(-1);
    const parsed: Item[] = items.map(({ data }) => JSON.parse(data));
    if (last) take(parsed, Number(last.id));
    if (events.some(({ event }) => event === 'end')) return true;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

interface ServerSentEvent {
  event: string;
  id: string | null;
  data: string;
}

/** @returns a function that takes the next piece of text and gives the events that are complete */
function eventParser(): (text: string) => ServerSentEvent[] {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => eventOf(block) ?? []);
  };
}

/** Null for a block without data: a comment that keeps the connection alive. */
function eventOf(block: string): ServerSentEvent | null {
  const fields = block.split('\n').map((line) => /^(\w+): ?(.*)$/s.exec(line));
  const valuesOf = (name: string) => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []));
  const data = valuesOf('data');
  if (data.length === 0) return null;
  return {
    event: valuesOf('event').at(-1) ?? 'message',
    id: valuesOf('id').at(-1) ?? null,
    data: data.join('\n'),
  };
}
