// The LLM gateway: OpenAI-compatible chat completions for the model of the calling task, from the built-in `scripted`
// model or from the upstream. The HTTP routes that authenticate the task and call this are in the server's app.
import type { Prices } from '../../core/cost.ts';
import type { ModelCall } from '../../core/model-call.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { SeedError } from '../../protocol/errors.ts';
import { CALL_LIMITS, type CallLimits } from './call-limits.ts';
import { type ChatRequest, parseChatRequest } from './chat-request.ts';
import { openModelCall } from './open-model-call.ts';
import type { Playbook } from './scripted/playbook.ts';
import { PLAYBOOKS } from './scripted/playbooks.ts';
import { SCRIPTED_MODEL, scriptedCompletion } from './scripted/scripted.ts';
import { chooseUpstream, type LlmSettings } from './upstream.ts';
import { completeUpstream } from './upstream-completion.ts';
import { llmUnavailable } from './upstream-failure.ts';

export type { LlmSettings };

interface LlmLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface LlmGatewayOptions {
  settings: LlmSettings;
  prices: Prices;
  /** Instructions that `scripted` knows besides Seed's own. */
  playbooks?: readonly Playbook[];
  /** Called before each call of a model; what it throws refuses the call. Resolves with what `recordCall` is then given. */
  reserve(taskId: string, request: ChatRequest, signal: AbortSignal): Promise<string | null>;
  /** Called once for each call of a model, before the caller sees the end of the answer. */
  recordCall(taskId: string, call: ModelCall, reservation: string | null): Promise<void>;
  log: LlmLog;
  fetch?: typeof fetch;
  clock?: Clock;
  limits?: Partial<CallLimits>;
}

interface ModelList {
  object: 'list';
  data: { id: string; object: 'model'; created: number; owned_by: string }[];
}

export interface LlmGateway {
  /** `scripted` when no upstream is set. */
  defaultModel: string;
  /** The body of GET /llm/v1/models. */
  models(): ModelList;
  /** Whether a task may name this model: `scripted` always, with an upstream any that it does not forbid. */
  knows(model: string): boolean;
  /**
   * Answers one chat completion: JSON, or an event stream when the body asks for it.
   * @param body the parsed JSON of the request
   * @param call.model the task's model; a request for another one is refused
   * @param call.signal aborts when the caller is gone
   * Throws invalid_input, unknown_model, what `reserve` throws and, as long as the answer has not begun, llm_unavailable.
   */
  chatCompletions(
    body: unknown,
    call: { taskId: string; model: string; signal: AbortSignal },
  ): Promise<Response>;
}

/** OpenRouter's suffix for a model that searches the web. */
const WEB_SEARCH_SUFFIX = ':online';
/** When the model list was written; it does not change while the server runs. */
const MODELS_CREATED_SECONDS = 1_767_225_600;

function unknownModel(model: string, hint: string): SeedError {
  return new SeedError(
    'unknown_model',
    `the model ${JSON.stringify(model.slice(0, 200))} is not served here`,
    { hint },
  );
}

/** Throws invalid_settings when the settings name an upstream that cannot be one. */
export function createLlmGateway(options: LlmGatewayOptions): LlmGateway {
  const { settings, prices, log, clock = systemClock } = options;
  const limits = { ...CALL_LIMITS, ...options.limits };
  const upstream = chooseUpstream(settings);
  const playbooks = [...PLAYBOOKS, ...(options.playbooks ?? [])];
  const withoutCost = new Set<string>();
  if (
    upstream === null &&
    (settings.apiKey !== null || (settings.defaultModel ?? SCRIPTED_MODEL) !== SCRIPTED_MODEL)
  ) {
    log.warn(
      {},
      'a model or a key is set, but no SEED_LLM_BASE_URL or OPENROUTER_API_KEY: only `scripted` is served',
    );
  }

  const record = async (taskId: string, call: ModelCall, reservation: string | null) => {
    const { askedModel: model, outcome, costSource } = call;
    if (outcome === 'ok' && costSource === 'unknown' && !withoutCost.has(model)) {
      withoutCost.add(model);
      log.warn({ taskId, model }, 'what this model costs is not known: see docs/models.md on prices');
    }
    try {
      await options.recordCall(taskId, call, reservation);
    } catch (error) {
      // The answer has been paid for; losing it as well would help nobody.
      log.error({ taskId, ...call, err: error }, 'a call of a model could not be recorded');
    }
  };

  const knows = (model: string) =>
    model === SCRIPTED_MODEL || (upstream !== null && model !== '' && !model.endsWith(WEB_SEARCH_SUFFIX));

  return {
    defaultModel: upstream?.defaultModel ?? SCRIPTED_MODEL,
    models() {
      const entries = [{ id: SCRIPTED_MODEL, owner: 'seed' }];
      if (upstream && upstream.defaultModel !== SCRIPTED_MODEL) {
        entries.unshift({ id: upstream.defaultModel, owner: upstream.name });
      }
      return {
        object: 'list',
        data: entries.map(({ id, owner }) => ({
          id,
          object: 'model',
          created: MODELS_CREATED_SECONDS,
          owned_by: owner,
        })),
      };
    },
    knows,
    async chatCompletions(body, { taskId, model, signal }) {
      const request = parseChatRequest(body);
      if (request.model !== model) throw unknownModel(request.model, `This task's model is ${model}.`);
      if (!knows(model))
        throw unknownModel(model, 'Set SEED_LLM_BASE_URL or OPENROUTER_API_KEY on the server.');
      const reservation = await options.reserve(taskId, request, signal);
      const metered = openModelCall(model, prices, signal, (call) => record(taskId, call, reservation));
      const { end: onUsage } = metered;
      const onFailure = (error: SeedError, detail: string) => {
        metered.failed(error.code);
        log.warn({ taskId, model, detail }, error.message);
      };
      try {
        if (model === SCRIPTED_MODEL)
          return await scriptedCompletion(request, { playbooks, now: clock.now(), onUsage });
        if (upstream === null) throw llmUnavailable('is not set');
        const fetchNow = options.fetch ?? globalThis.fetch;
        const parts = { upstream, signal, limits, fetch: fetchNow, onUsage, onFailure };
        return await completeUpstream(request, parts);
      } catch (error) {
        if (error instanceof SeedError) metered.failed(error.code);
        await onUsage(null);
        throw error;
      }
    },
  };
}
