// Whatever an upstream sends ends as it should: the corpus of dialects through the gateway, over real sockets, read
// by the official client; and their bytes cut anywhere, which must change nothing.
import { setTimeout } from 'node:timers/promises';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { USUAL_PROFILE } from '../../src/server/models/model-profile.ts';
import { bytesOf, type Dialect, readDialects, type Sent, toolsOf } from '../fixtures/dialects.ts';
import { type GatewayServer, startGateway } from '../fixtures/llm-gateway-server.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { type Behaviour, type LlmUpstream, startLlmUpstream } from '../fixtures/llm-upstream.ts';

const dialects = await readDialects();
let upstream: LlmUpstream;
beforeAll(async () => {
  upstream = await startLlmUpstream();
});
afterAll(() => upstream?.close());

/** A new one for each dialect: what one upstream did wrong is not held against the next. */
function startFor(toolCalls: 'native' | 'text'): Promise<GatewayServer> {
  return startGateway('m', {
    settings: llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] }),
    prices: { models: { m: { input: 0, output: 0 } }, compute: { vcpuSecond: 0, gbSecond: 0 } },
    profileOf: () => ({ ...USUAL_PROFILE, toolCalls }),
    limits: { retryMs: 10, loadingPauseMs: 10, loadingMs: 150 },
  });
}

interface Cut {
  /** A long answer is cut into 2,000 pieces at the most. */
  pieceBytes?: number;
  /** After each piece. */
  pauseMs?: number;
}

function send(sent: Sent, { pieceBytes = Number.POSITIVE_INFINITY, pauseMs = 0 }: Cut = {}): Behaviour {
  const bytes = bytesOf(sent);
  const usual = { 'content-type': sent.status === 200 ? 'text/event-stream' : 'application/json' };
  const headers = Object.entries({ ...usual, ...sent.headers }).filter(([, value]) => value !== null);
  return async (response) => {
    response.writeHead(sent.status, Object.fromEntries(headers) as Record<string, string>);
    const size = Math.max(1, Math.min(pieceBytes, bytes.length), Math.ceil(bytes.length / 2_000));
    for (let at = 0; at < bytes.length; at += size) {
      await new Promise<void>((resolve) => response.write(bytes.subarray(at, at + size), () => resolve()));
      if (pauseMs > 0) await setTimeout(pauseMs);
    }
    response.end();
  };
}

interface Seen {
  text: string;
  reasoning: string;
  refusal: string;
  calls: { name: string; arguments: unknown }[];
  finish: string | null;
}

/** Asks as an agent does, with the official client, and puts together what came. */
async function ask({ ask: asked, ...dialect }: Dialect, cut: Cut) {
  const server = await startFor(asked.toolCalls);
  upstream.requests.length = 0;
  upstream.behave(send(dialect, cut), ...dialect.then.map((sent) => send(sent, cut)));
  const body = {
    model: 'm',
    messages: asked.messages as unknown as OpenAI.ChatCompletionMessageParam[],
    ...(asked.tools.length > 0 && { tools: toolsOf(asked.tools) }),
  };
  const read = asked.stream ? readStream(server, body) : readCompletion(server, body);
  const outcome = await read.catch((error: Error) => ({ error }));
  await server.gateway.allRecorded();
  const [recorded] = server.recorded;
  await server.close();
  return { outcome, call: recorded?.call, requests: upstream.requests.length };
}

type Body = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'stream'>;

async function readCompletion({ client }: GatewayServer, body: Body): Promise<Seen> {
  const { choices } = await client.chat.completions.create(body);
  const [{ message, finish_reason: finish } = expect.fail('no choice')] = choices;
  const calls = message.tool_calls ?? [];
  const { reasoning_content: reasoning = '' } = message as { reasoning_content?: string };
  return {
    text: message.content ?? '',
    reasoning,
    refusal: message.refusal ?? '',
    calls: calls.map((call) => calledOf(call as { id: string; function: { name: string; arguments: string } })),
    finish,
  };
}

async function readStream({ client }: GatewayServer, body: Body): Promise<Seen> {
  const seen: Seen = { text: '', reasoning: '', refusal: '', calls: [], finish: null };
  const calls = new Map<number, { id: string; function: { name: string; arguments: string } }>();
  for await (const { choices } of await client.chat.completions.create({ ...body, stream: true })) {
    const [choice] = choices;
    const delta = (choice?.delta ?? {}) as OpenAI.ChatCompletionChunk.Choice.Delta & {
      reasoning_content?: string;
    };
    seen.text += delta.content ?? '';
    seen.reasoning += delta.reasoning_content ?? '';
    seen.refusal += delta.refusal ?? '';
    seen.finish = choice?.finish_reason ?? seen.finish;
    for (const { index, id, function: called } of delta.tool_calls ?? []) {
      const call = calls.get(index) ?? { id: id ?? '', function: { name: '', arguments: '' } };
      // An id or a name that comes again would be added by some clients.
      if (calls.has(index)) expect({ id, name: called?.name }).toEqual({ id: undefined, name: undefined });
      call.function.name += called?.name ?? '';
      call.function.arguments += called?.arguments ?? '';
      calls.set(index, call);
    }
  }
  seen.calls = [...calls.values()].map(calledOf);
  const ids = [...calls.values()].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  return seen;
}

function calledOf({ id, function: called }: { id: string; function: { name: string; arguments: string } }) {
  expect(id).toMatch(/^[\x21-\x7e]{1,64}$/);
  return { name: called.name, arguments: JSON.parse(called.arguments || '{}') as unknown };
}

async function expectAsTold(dialect: Dialect, cut: Cut = {}): Promise<void> {
  const { error, requests, usage, ...answer } = dialect.expect;
  const seen = await ask(dialect, cut);
  if (error) {
    expect(seen.outcome).toMatchObject({ error: { code: error.code } });
    const said = 'error' in seen.outcome ? seen.outcome.error.message : '';
    expect(said).toContain(error.message);
  } else {
    if ('error' in seen.outcome) throw seen.outcome.error;
    expect(seen.outcome).toEqual({ ...answer, finish: answer.finish ?? 'stop' });
  }
  expect(seen.requests).toBe(requests);
  if (!usage) return;
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens, costSource } = seen.call ?? {};
  expect({
    input: inputTokens,
    output: outputTokens,
    cached: cachedTokens,
    reasoning: reasoningTokens,
    source: ({ prices: 'told', upstream: 'told', estimated: 'estimated', none: 'none' } as Record<string, string>)[
      costSource ?? ''
    ],
  }).toEqual(usage);
}

describe('what upstreams send', () => {
  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))('%s', (_, dialect) =>
    expectAsTold(dialect),
  );

  it.each(dialects.map((dialect) => [dialect.name, dialect] as const))('%s, a byte at a time', (_, dialect) =>
    expectAsTold(dialect, { pieceBytes: 1 }),
  );

  /** The longest of each folder that is a stream. */
  const ofEachKind = [...Map.groupBy(dialects, ({ name }) => name.split('/')[0])].flatMap(
    ([, some]) =>
      some
        .filter(({ status, ask: { stream } }) => status === 200 && stream)
        .sort((one, other) => bytesOf(other).length - bytesOf(one).length)[0] ?? [],
  );
  it.each(ofEachKind.map((dialect) => [dialect.name, dialect] as const))('%s, in slow pieces', (_, dialect) =>
    expectAsTold(dialect, { pieceBytes: 37, pauseMs: 15 }),
  );

  it('says of each what it is told to take, unless it fails', () => {
    expect(dialects.filter(({ expect: { error, usage } }) => !error && !usage).map(({ name }) => name)).toEqual(
      [],
    );
  });
});
