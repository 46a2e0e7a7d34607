// Tries a model: asks it once, through the gateway's own path, to call a tool, and says what works. Called by the
// command `models test`; what it finds out is kept for all calls that follow.
import type { Call } from '../../command/call.ts';
import { type ErrorCode, SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type FactSource, type ModelTest, SCRIPTED_MODEL } from '../../protocol/model.ts';
import type { ModelCall } from '../spending/call-usage.ts';
import { chooseModels } from './allowed-models.ts';
import type { CallMeter } from './call-meter.ts';
import type { ChatRequest } from './chat-request.ts';
import type { LlmGateway } from './gateway.ts';
import { type KnownOfModels, knownOf } from './model-view.ts';
import { readTriedAnswer, toolCallsIn } from './tried-answer.ts';

export interface TestNeeds {
  llm: LlmGateway;
  known: KnownOfModels;
  tests: {
    /** @throws SeedError too_many_requests */
    begin(model: string, accountId: string): Promise<void>;
    keep(test: ModelTest): Promise<void>;
  };
  /** For calls of keys without a task. @throws SeedError spend_limit_reached or unpriced_model */
  admitKeyCall(caller: Call['actor'], model: string): Promise<void>;
  recordKeyCall(caller: Call['actor'], call: ModelCall): Promise<void>;
  /** Has the upstream asked again what it says of its models: a model that was loaded has its real context now. */
  readUpstream(): Promise<void>;
}

/** Enough for one call and for what comes before it of a model that thinks. */
const ANSWER_TOKENS = 1_024;
const TOOL = 'bash';
/** How much is kept of what it said instead. */
const SAID_LENGTH = 500;
/** It knows no language. */
const SCRIPT = '```bash\ndate -u\n```';

function requestFor(model: string): ChatRequest {
  const command = { type: 'string', description: 'The command to run' };
  return {
    model,
    stream: true,
    max_tokens: ANSWER_TOKENS,
    messages: [
      { role: 'system', content: `You do what you are asked with the tool ${TOOL}, which runs a command.` },
      {
        role: 'user',
        content: model === SCRIPTED_MODEL ? SCRIPT : `Call the tool ${TOOL} with the command: date -u`,
      },
    ],
    tools: [
      {
        type: 'function',
        function: {
          name: TOOL,
          description: 'Run a command in a shell and get what it prints',
          parameters: { type: 'object', properties: { command }, required: ['command'] },
        },
      },
    ],
  };
}

/**
 * That the model does not answer is no error but what the test says.
 * @throws SeedError unknown_model, model_not_allowed, too_many_requests, spend_limit_reached or unpriced_model
 */
export async function testModel(asked: string, call: Call, needs: TestNeeds): Promise<ModelTest> {
  const { actor, store } = call;
  const [model] = chooseModels([asked], actor, needs.llm);
  await needs.tests.begin(model, actor.accountId);
  const tried = await tryModel(model, call, needs);
  await needs.readUpstream();
  const { contextTokens, sources } = knownOf(model, needs.known);
  const contextFrom = sources['contextTokens'] ?? 'usual';
  const found = { ...tried, model, testedAt: store.clock.now().toISOString(), contextTokens, contextFrom };
  const test = { ...found, says: inWords(found).join('\n') };
  await needs.tests.keep(test);
  return test;
}

type Tried = Omit<ModelTest, 'model' | 'testedAt' | 'contextTokens' | 'contextFrom' | 'says'>;

async function tryModel(model: string, { actor, gone }: Call, needs: TestNeeds): Promise<Tried> {
  const startedAt = performance.now();
  const sinceStart = () => Math.round(performance.now() - startedAt);
  const late = AbortSignal.timeout(LIMITS.modelTestMs);
  const { taskId } = actor.key;
  const request = requestFor(model);
  const meters: CallMeter[] = [];
  let firstPartMs: number | null = null;
  const payer = {
    reserve: async () => {
      await needs.admitKeyCall(actor, model);
      return { record: (cost: ModelCall) => needs.recordKeyCall(actor, cost) };
    },
  };
  try {
    const response = await needs.llm.chatCompletions(request, {
      taskId: taskId ?? actor.key.id,
      model,
      signal: AbortSignal.any([late, gone()]),
      watch: (meter) => void meters.push(meter),
      asWritten: true,
      leftMs: LIMITS.modelTestMs,
      ...(taskId === null && { payer }),
    });
    const answer = await readTriedAnswer(response, () => {
      firstPartMs ??= sinceStart();
    });
    const toolCalls = toolCallsIn(answer, request);
    return {
      answered: true,
      toolCalls,
      said: toolCalls === 'none' ? answer.text.slice(0, SAID_LENGTH) : null,
      streaming: !meters.at(-1)?.isWhole,
      usage: meters.at(-1)?.isTold ? 'told' : 'estimated',
      reasoning: answer.hasReasoning,
      ...{ firstPartMs, durationMs: sinceStart(), error: null },
    };
  } catch (error) {
    return failed(late.aborted ? tooLate() : error, { firstPartMs, durationMs: sinceStart() });
  }
}

/** Of what is no failure of Seed itself: what the model or its upstream would not do. */
const UPSTREAMS: readonly ErrorCode[] = ['llm_unavailable', 'llm_refused', 'context_too_long'];

/** What refuses the call for its key's sake is the caller's to hear; what the upstream does is what was asked. */
function failed(error: unknown, times: Pick<Tried, 'firstPartMs' | 'durationMs'>): Tried {
  if (!(error instanceof SeedError) || !UPSTREAMS.includes(error.code)) throw error;
  const { code, message } = error;
  const nothing = { toolCalls: null, said: null, streaming: null, usage: null, reasoning: null };
  return { answered: false, ...nothing, ...times, error: { code, message } };
}

function tooLate(): SeedError {
  return new SeedError(
    'llm_unavailable',
    `the model did not end its answer within ${LIMITS.modelTestMs / 1000} s`,
  );
}

const WHO: Record<FactSource, string> = {
  settings: 'SEED_MODELS_FILE says',
  test: 'a test found out',
  prices: 'the price list says',
  upstream: 'the upstream says',
  size: 'its size says',
  table: "Seed's table of models says",
  usual: 'a guess: nobody tells it',
};

/** @returns a line for each thing that was tried */
function inWords(test: Omit<ModelTest, 'says'>): string[] {
  const context = `context: ${test.contextTokens.toLocaleString('en')} tokens, ${WHO[test.contextFrom]}`;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  if (test.error !== null) return [`no answer: ${test.error.message}`, context];
  const calls = {
    native: 'tool calls: native',
    text: 'tool calls: written as text; from now on they are recovered from there',
    none: `tool calls: none came, so that tasks of it can only talk; it said ${JSON.stringify(test.said ?? '')}`,
  };
  const first = test.firstPartMs === null ? '' : `first part after ${seconds(test.firstPartMs)}, `;
  return [
    calls[test.toolCalls ?? 'none'],
    test.streaming ? 'streaming: yes' : 'streaming: no, the answer came in one piece',
    test.usage === 'told' ? 'usage: told by the upstream' : 'usage: not told, so that tokens are estimated',
    ...(test.reasoning ? ['reasoning: thought first, apart from the answer'] : []),
    context,
    `${first}whole answer after ${seconds(test.durationMs)}`,
  ];
}
