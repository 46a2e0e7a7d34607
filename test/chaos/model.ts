// A model that takes its time: it streams each answer piece by piece, and goes through the steps of an
// instruction. It keeps no state, so that a call that is made again is answered the same way.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

const PIECES = 5;
const PIECE_EVERY_MS = 150;
/** What a command of the agent does besides: a step takes a while. */
const STEP_SECONDS = 0.5;

interface Message {
  role: string;
  content: string | { text?: string }[] | null;
}

export interface SlowModel {
  /** OpenAI-compatible, with /v1. */
  url: string;
  /** Marks of the tasks that have done a step, and asked what is next. */
  atWork: ReadonlySet<string>;
  /** While it is set, tasks go on after the steps that they were told. */
  goesOn: boolean;
  close(): void;
}

/** What a task is told. Each step writes one row with the mark of that step. */
export function instructionOf(mark: string, steps: number): string {
  return `Go through ${steps} steps as ${mark}.`;
}

function stepMark(mark: string, step: number): string {
  return `${mark}/${step}`;
}

const INSTRUCTION = /Go through (\d+) steps as ([\w-]+)\./;

export async function startSlowModel(): Promise<SlowModel> {
  const atWork = new Set<string>();
  const server = createServer(async (request, response) => {
    response.on('error', () => undefined);
    if (request.method !== 'POST') return response.writeHead(404).end();
    const { messages } = (await json(request)) as { messages: Message[] };
    const results = messages.filter(({ role }) => role === 'tool').map(textOf);
    const [, steps = '0', mark = ''] =
      messages.map((message) => INSTRUCTION.exec(textOf(message))).find((match) => match !== null) ?? [];
    if (results.length > 0) atWork.add(mark);
    const next = results.length + 1;
    await stream(
      response,
      next <= Number(steps) || model.goesOn ? commandOf(mark, next) : null,
      results.join('\n'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const model: SlowModel = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    atWork,
    goesOn: false,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return model;
}

function textOf({ content }: Message): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map(({ text = '' }) => text).join('');
}

/**
 * By turns with the CLI, which names its writes, and with a plain request, which nobody names but the runner. The
 * text of a row takes half a page of the database, and cannot be pressed together: a disk without room is noticed.
 */
function commandOf(mark: string, step: number): string {
  const subject = stepMark(mark, step);
  const text = 'text=$(head -c 3000 /dev/urandom | base64 -w0)';
  const write =
    step % 2 === 1
      ? `seed emails draft acme-corp --subject ${subject} --body "$text" >/tmp/answer 2>&1`
      : `curl --fail-with-body --silent --show-error "$SEED_API_URL/api/v1/contacts/acme-corp/emails" ` +
        `-H 'content-type: application/json' -d '{"subject":"${subject}","body":"'"$text"'"}' >/tmp/answer 2>&1`;
  return `${text}; ${write} && echo ${step} done || { echo ${step} failed; head -c 300 /tmp/answer; }; sleep ${STEP_SECONDS}`;
}

async function stream(response: ServerResponse, command: string | null, said: string): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (choices: object[], more: object = {}) =>
    response.write(
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'slow', choices, ...more })}\n\n`,
    );
  const delta = (delta: object, finish_reason: string | null = null) => send([{ index: 0, delta, finish_reason }]);
  for (let piece = 0; piece < PIECES && !response.destroyed; piece += 1) {
    delta({ role: 'assistant', content: command === null ? '' : '.' });
    await pause(PIECE_EVERY_MS);
  }
  if (command === null) delta({ content: said || 'nothing was done' }, 'stop');
  else {
    const call = { name: 'bash', arguments: JSON.stringify({ command }) };
    delta({ tool_calls: [{ index: 0, id: 'call', type: 'function', function: call }] }, 'tool_calls');
  }
  send([], { usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 } });
  response.end('data: [DONE]\n\n');
}
