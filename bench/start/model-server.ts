// A model on this machine that answers at once and notes when it was asked. Both sides of the comparison use it.
// An instruction that says so gets one command to run before its answer: a task of two calls.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ModelServer {
  /** OpenAI-compatible, with /v1. */
  url: string;
  /** Resolves with performance.now() of the first request that has the mark in its body. */
  asked(mark: string): Promise<number>;
  close(): void;
}

/** In an instruction: the model has a command run first. */
export const TWO_CALLS = 'two-calls';
/** What it runs: the sandbox's own command, which asks the server. */
const COMMAND = { name: 'bash', arguments: JSON.stringify({ command: 'seed whoami' }) };

const chunks = (delta: object, finishReason: string) => [
  { choices: [{ index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null }] },
  { choices: [{ index: 0, delta: {}, finish_reason: finishReason }] },
  { choices: [], usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 } },
];
const ANSWER = chunks({ content: 'done' }, 'stop');
const CALL = chunks(
  { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: COMMAND }] },
  'tool_calls',
);

export async function startModelServer(): Promise<ModelServer> {
  const waiting = new Map<string, (at: number) => void>();
  const server = createServer(async (request, response) => {
    const at = performance.now();
    const body = await text(request);
    for (const [mark, resolve] of waiting) {
      if (body.includes(mark) && waiting.delete(mark)) resolve(at);
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const wantsCall = body.includes(TWO_CALLS) && !body.includes('"role":"tool"');
    for (const chunk of wantsCall ? CALL : ANSWER) {
      const head = { id: 'bench', object: 'chat.completion.chunk', created: 0, model: 'bench' };
      response.write(`data: ${JSON.stringify({ ...head, ...chunk })}\n\n`);
    }
    response.end('data: [DONE]\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked: (mark) => new Promise((resolve) => waiting.set(mark, resolve)),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
