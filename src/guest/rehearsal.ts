// One pretend task before the freeze, against canned answers. It compiles and connects everything once, so that
// the frozen guest starts its real task in a fraction of the time, and it proves that the image works.
import { performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { duplexPair } from 'node:stream';
import type { GuestResult, GuestTask } from '../protocol/guest.ts';
import { runTask, type TaskRun } from './run-task.ts';

const ANSWER = 'rehearsed';
const TASK: GuestTask = {
  id: '00000000-0000-4000-8000-000000000000',
  instruction: 'rehearse',
  model: 'rehearsal',
  modelTraits: { contextTokens: 128_000, outputTokens: 16_384, reasoning: false, tools: 'all' },
  deadline: '2000-01-01T00:00:00.000Z',
  files: [],
};

export interface Rehearsal {
  /** Whether the pretend task runs a command, as a real one does; starting one is what costs the most. */
  withCommand: boolean;
}

/** Rejects when the pretend task did not end with the canned answer. */
export async function rehearse(
  parts: Omit<TaskRun, 'stream' | 'start'>,
  { withCommand }: Rehearsal = { withCommand: true },
): Promise<void> {
  const [guestEnd, runnerEnd] = duplexPair();
  const session = performServerHandshake(runnerEnd);
  let result: GuestResult | null = null;
  let llmCalls = 0;
  session.on('stream', (stream: ServerHttp2Stream, headers) => {
    const path = headers[':path'] ?? '';
    let body = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      body += chunk;
    });
    stream.on('end', () => {
      if (path === '/result') result = JSON.parse(body) as GuestResult;
      if (path === '/llm/v1/chat/completions') llmCalls++;
      const answer = cannedAnswer(path, withCommand && llmCalls === 1);
      const isEmpty = answer === '';
      stream.respond(
        { ':status': isEmpty ? 204 : 200, 'content-type': contentType(path) },
        { endStream: isEmpty },
      );
      if (!isEmpty) stream.end(answer);
    });
  });
  const start = { task: TASK, commands: [] };
  const { link } = await runTask({ ...parts, stream: guestEnd, start });
  await link.close();
  session.destroy();
  const { stdout = null, error = null } = (result ?? {}) as Partial<GuestResult>;
  if (stdout !== ANSWER) throw new Error(`the rehearsal failed: ${error?.message ?? `it answered ${stdout}`}`);
}

const contentType = (path: string): string =>
  path.startsWith('/llm/') ? 'text/event-stream' : 'application/json';

function cannedAnswer(path: string, asksForCommand: boolean): string {
  if (path === '/cli/seed.mjs') return 'process.exitCode = 0;\n';
  if (path !== '/llm/v1/chat/completions') return '';
  return asksForCommand ? completion(TOOL_CALL, 'tool_calls') : completion({ content: ANSWER }, 'stop');
}

const ECHO = { name: 'bash', arguments: '{"command":"echo rehearsal"}' };
const TOOL_CALL = { tool_calls: [{ index: 0, id: 'rehearsal', type: 'function', function: ECHO }] };

function completion(delta: object, finishReason: string): string {
  const head = { id: 'rehearsal', object: 'chat.completion.chunk', created: 0, model: TASK.model };
  const chunks = [
    { ...head, choices: [{ index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null }] },
    { ...head, choices: [{ index: 0, delta: {}, finish_reason: finishReason }] },
    { ...head, choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
  ];
  return `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`;
}
