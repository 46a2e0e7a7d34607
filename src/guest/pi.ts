// Pi, loaded once before the freeze, and its sessions: in memory, nothing discovered, nothing downloaded.
import {
  type AgentSession,
  createAgentSession,
  createExtensionRuntime,
  ModelRuntime,
  type ResourceLoader,
  SessionManager,
  SettingsManager,
  type ToolDefinition,
} from '@earendil-works/pi-coding-agent';
import type { ModelTraits } from '../protocol/model.ts';
import { TOOL_NAMES } from './agent-tools.ts';
import { MODEL_BASE_URL } from './model-fetch.ts';

const PROVIDER = 'seed';

interface PiSessionOptions {
  cwd: string;
  /** For requests to {@link MODEL_BASE_URL}. */
  modelFetch: typeof globalThis.fetch;
  model: string;
  traits: ModelTraits;
  systemPrompt: string;
  tools: ToolDefinition[];
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
          maxTokensField: 'max_tokens',
          sendSessionAffinityHeaders: false,
        },
      },
    ],
  });
  const model = pi.getModel(PROVIDER, options.model);
  if (model === undefined) throw new Error(`Pi did not take the model ${options.model}`);
  const { session } = await createAgentSession({
    cwd: options.cwd,
    agentDir: options.cwd,
    modelRuntime: pi,
    model,
    thinkingLevel: 'off',
    tools: TOOL_NAMES,
    customTools: options.tools,
    resourceLoader: resources(options.systemPrompt),
    sessionManager: SessionManager.inMemory(options.cwd),
    settingsManager: SettingsManager.inMemory({
      compaction: { enabled: false },
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
  agent.streamFunction = (asked, context, more) => ask(asked, context, { ...more, fetch: options.modelFetch });
  return session;
}

function resources(systemPrompt: string): ResourceLoader {
  return {
    getExtensions: () => ({ extensions: [], errors: [], runtime: createExtensionRuntime() }),
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
