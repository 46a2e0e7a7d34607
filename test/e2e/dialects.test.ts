// One of each kind of what upstreams send, through the whole path: gateway, runner, sandbox, agent, events and bill.
// The corpus is test/fixtures/dialects; test/integration/dialects.test.ts has all of it at the gateway.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, type Dialect, readDialects, type Sent } from '../fixtures/dialects.ts';
import {
  type Behaviour,
  chunk,
  DONE,
  type LlmUpstream,
  startLlmUpstream,
  stream,
  usageChunk,
} from '../fixtures/llm-upstream.ts';
import { startSeed, type TestSeed } from '../fixtures/seed.ts';

const DONE_TEXT = 'All is done.';
const LAST = stream(
  chunk(DONE_TEXT) +
    chunk('', 'stop') +
    usageChunk({ prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }) +
    DONE,
);

let folder: string;
let upstream: LlmUpstream;
let seed: TestSeed;
beforeAll(async () => {
  upstream = await startLlmUpstream();
  folder = await mkdtemp(join(tmpdir(), 'seed-dialects-'));
  const models = { 'model-native': { toolCalls: 'native' }, 'model-text': { toolCalls: 'text' } };
  await writeFile(join(folder, 'models.json'), JSON.stringify({ models }));
  seed = await startSeed({
    SEED_LLM_BASE_URL: upstream.baseUrl,
    SEED_LLM_MODEL: 'model-native',
    SEED_MODELS_FILE: join(folder, 'models.json'),
  });
});
afterAll(async () => {
  await seed?.remove();
  await upstream?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Whether the agent can be the one that asks: it has its own messages and tools, and calls only what it has. */
function suits({ ask, expect: { calls, requests, usage, error } }: Dialect): boolean {
  const runs = calls.every(
    ({ name, arguments: input }) =>
      name === 'bash' && typeof (input as { command?: unknown } | null)?.command === 'string',
  );
  const isPlain = ask.stream && ask.messages.length === 1 && ask.tools.every((name) => name === 'bash');
  // What is asked again takes as long as upstreams make it wait.
  return runs && isPlain && requests === 1 && (error !== undefined || usage?.source === 'told');
}

/** The first that suits of each folder, once with an answer and once with an error where a folder has both. */
function oneOfEach(dialects: readonly Dialect[]): [string, Dialect][] {
  const kinds = Map.groupBy(
    dialects.filter(suits),
    ({ name, expect: { error } }) => `${name.split('/')[0]}${error ? ', failing' : ''}`,
  );
  return [...kinds].map(([kind, [first]]) => [kind, first as Dialect]);
}

function send(sent: Sent): Behaviour {
  const usual = { 'content-type': sent.status === 200 ? 'text/event-stream' : 'application/json' };
  const headers = Object.entries({ ...usual, ...sent.headers }).filter(([, value]) => value !== null);
  return (response) => {
    response.writeHead(sent.status, Object.fromEntries(headers) as Record<string, string>);
    response.end(bytesOf(sent));
  };
}

const dialects = await readDialects();
const chosen = oneOfEach(dialects);

describe('through the whole path', () => {
  it('there is one of nearly every kind', () => {
    const folders = new Set(dialects.map(({ name }) => name.split('/')[0]));
    const covered = new Set(chosen.map(([, { name }]) => name.split('/')[0]));
    expect([...folders].filter((kind) => !covered.has(kind))).toEqual([]);
  });

  it.each(chosen)('%s', async (_, dialect) => {
    const { text, calls, error, usage, reasoning, refusal } = dialect.expect;
    const goesOn = calls.length > 0;
    upstream.behave(send(dialect), ...(goesOn ? [LAST] : []));
    const task = await seed.runTask({
      instruction: 'Say hello',
      model: `model-${dialect.ask.toolCalls}`,
      timeout: 60_000,
    });
    const events = await seed.events(task.id);
    const called = events.filter((event) => event.type === 'tool_call');
    expect(called.map(({ tool, input }) => ({ name: tool, arguments: input }))).toMatchObject(calls);
    expect(events.filter((event) => event.type === 'tool_result')).toHaveLength(calls.length);
    if (reasoning !== '') expect(task.stdout ?? '').not.toContain(reasoning);
    if (error) {
      expect(task).toMatchObject({ status: 'failed', error: { code: error.code } });
      expect(task.error?.message).toContain(error.message);
      return;
    }
    const isAnswer = goesOn || (text.trim() !== '' && refusal === '');
    if (isAnswer) expect(task).toMatchObject({ status: 'completed', stdout: goesOn ? DONE_TEXT : text });
    // An empty answer and a refusal are told as what they are, and never as an answer.
    else expect(task.error, JSON.stringify(task)).not.toBeNull();
    const more = goesOn ? { input: 100, output: 10 } : { input: 0, output: 0 };
    if (isAnswer)
      expect(task).toMatchObject({
        inputTokens: (usage?.input ?? 0) + more.input,
        outputTokens: (usage?.output ?? 0) + more.output,
      });
  });
});
