// Pi, loaded once before the freeze, and its sessions: in memory, nothing discovered, nothing downloaded.
import {
  type AgentSession,
  createAgentSession,
  createExtensionRuntime,
  type Extension,
  ModelRuntime,
  type ResourceLoader,
  SessionManager,
  SettingsManager,
  type ToolDefinition,
} from '@earendil-works/pi-coding-agent';
import type { Conversation } from '../protocol/conversation.ts';
import type { ModelTraits } from '../protocol/model.ts';
import { restoreConversation } from './conversation.ts';
import type { ShownForm } from './finish-tool.ts';
import type { LlmFailure, LlmWatch } from './llm-watch.ts';
import { MODEL_BASE_URL } from './model-fetch.ts';
import type { OutputDesk } from './output-desk.ts';
import { type Hooks, hooksOfSeed } from './pi-hooks.ts';

const PROVIDER = 'seed';

interface PiSessionOptions {
  cwd: string;
  /** For requests to {@link MODEL_BASE_URL}. */
  modelFetch: typeof globalThis.fetch;
  model: string;
  traits: ModelTraits;
  systemPrompt: string;
  tools: ToolDefinition[];
  /** Hears the calls of `modelFetch`. */
  llm: LlmWatch;
  hooks: Hooks;
  /** What was said in the tasks before; null: it goes on from none. */
  before: Conversation | null;
  /** Where the answer is to be a value. */
  output: { shown: ShownForm; desk: OutputDesk } | null;
}

export type Pi = ModelRuntime;

/** No credential file, no model file, no network. */
export function loadPi(): Promise<Pi> {
  return ModelRuntime.create({
    credentials: {
      read: async () => undefined,
      list: async () => [],
      modify: async (_provider, change) => change(undefined),
      delete: async () => undefined,
    },
    modelsPath: null,
    allowModelNetwork: false,
  });
}

export async function startPiSession(pi: Pi, options: PiSessionOptions): Promise<AgentSession> {
  pi.registerProvider(PROVIDER, {
    baseUrl: MODEL_BASE_URL,
    apiKey: 'none',
    api: 'openai-completions',
    models: [
      {
        id: options.model,
        name: options.model,
        reasoning: options.traits.reasoning,
        input: ['text'],
        cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
        contextWindow: options.traits.contextTokens,
        maxTokens: options.traits.outputTokens,
        compat: {
          supportsStore: false,
          supportsDeveloperRole: false,
          supportsReasoningEffort: false,
          supportsUsageInStreaming: true,
          // Else every tool says `strict: false`, which some upstreams refuse and nobody needs.
          supportsStrictMode: false,
          maxTokensField: 'max_tokens',
          sendSessionAffinityHeaders: false,
        },
      },
    ],
  });
  const model = pi.getModel(PROVIDER, options.model);
  if (model === undefined) throw new Error(`Pi did not take the model ${options.model}`);
  const sessionManager = SessionManager.inMemory(options.cwd);
  if (options.before !== null) restoreConversation(sessionManager, options.before);
  const { session } = await createAgentSession({
    cwd: options.cwd,
    agentDir: options.cwd,
    modelRuntime: pi,
    model,
    thinkingLevel: 'off',
    tools: options.tools.map(({ name }) => name),
    customTools: options.tools,
    resourceLoader: resources(options.systemPrompt, [hooksOfSeed(options.hooks)]),
    sessionManager,
    settingsManager: SettingsManager.inMemory({
      compaction: compactionOf(options.traits),
      steeringMode: 'all',
      // The gateway retries where that makes sense; this bridges a hiccup of the stream, for some seconds at most.
      retry: {
        enabled: true,
        maxRetries: 2,
        baseDelayMs: 500,
        maxAgentDelayMs: 2000,
        provider: { maxRetries: 0 },
      },
      cacheWarming: 'off',
      enableInstallTelemetry: false,
      enableAnalytics: false,
      images: { blockImages: true },
    }),
  });
  const { agent } = session;
  const ask = agent.streamFunction;
  agent.streamFunction = async (asked, context, more) =>
    inWordsOfPi(
      await ask(asked, context, { ...more, fetch: options.modelFetch, timeoutMs: NO_TIMEOUT_MS }),
      options,
    );
  if (options.output !== null) endByOutput(agent, options.output);
  return session;
}

/**
 * The run ends once an answer is taken, or no more are; what the model is shown of its schema is what is shown
 * now.
 */
function endByOutput(
  agent: AgentSession['agent'],
  { shown, desk }: NonNullable<PiSessionOptions['output']>,
): void {
  const { finishTurn, onPayload } = agent;
  agent.finishTurn = async (turn, signal) => {
    const decision = await finishTurn?.(turn, signal);
    await desk.settled();
    return desk.isOver() ? { action: 'end' } : (decision ?? undefined);
  };
  agent.onPayload = async (payload, model) => shown.inRequest((await onPayload?.(payload, model)) ?? payload);
}

/**
 * The most that a timer can wait. A call ends with its answer or its task; one that waits for a larger budget must
 * not be given up for the time in which the sandbox is off the processor.
 */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

const RESERVED_TOKENS_MOST = 16_384;
const RECENT_TOKENS_MOST = 20_000;

/**
 * When the conversation leaves no more than a quarter of the context it is summarised, by a call of the same
 * model; the last quarter of it stays as it was said.
 */
function compactionOf({ contextTokens }: ModelTraits) {
  const quarter = Math.floor(contextTokens / 4);
  return {
    enabled: true,
    reserveTokens: Math.min(RESERVED_TOKENS_MOST, quarter),
    keepRecentTokens: Math.min(RECENT_TOKENS_MOST, quarter),
  };
}

type Stream = Awaited<ReturnType<AgentSession['agent']['streamFunction']>>;

/** By these words of an error Pi decides what to do: shorten the conversation, ask again, or leave it. */
const TOO_LONG = 'context_length_exceeded';
const ASK_AGAIN = 'connection lost';
const FINAL = 'refused';

/** The stream, with an error worded by the gateway's code: an upstream's message may say anything. */
function inWordsOfPi(stream: Stream, { llm, output }: Pick<PiSessionOptions, 'llm' | 'output'>): Stream {
  const result = stream.result.bind(stream);
  let asksForLess: boolean | null = null;
  stream.result = async () => {
    const message = await result();
    const failure = message.stopReason === 'error' ? llm.failure() : null;
    if (failure === null) return message;
    asksForLess ??= output !== null && isAboutSchema(failure) && output.shown.isToBeLess();
    const goesOn = failure.mayChange || asksForLess ? ASK_AGAIN : FINAL;
    return Object.assign(message, { errorMessage: failure.code === 'context_too_long' ? TOO_LONG : goesOn });
  };
  return stream;
}

/** Whether the upstream may have refused the call for the parameters of a tool. */
function isAboutSchema({ code, message }: LlmFailure): boolean {
  if (code !== 'llm_refused') return false;
  return /answered (?:400|422)\b|schema|tool|function|parameter|propert|grammar/i.test(message);
}

function resources(systemPrompt: string, extensions: Extension[]): ResourceLoader {
  return {
    getExtensions: () => ({ extensions, errors: [], runtime: createExtensionRuntime() }),
    getSkills: () => ({ skills: [], diagnostics: [] }),
    getPrompts: () => ({ prompts: [], diagnostics: [] }),
    getThemes: () => ({ themes: [], diagnostics: [] }),
    getAgentsFiles: () => ({ agentsFiles: [] }),
    getSystemPrompt: () => systemPrompt,
    getSystemPromptSource: () => undefined,
    getAppendSystemPrompt: () => [],
    getAppendSystemPromptSources: () => [],
    extendResources: () => undefined,
    reload: async () => undefined,
  };
}
