// The LLM gateway: OpenAI-compatible chat completions for the models of the calling task, each from the upstream
// that serves it. The HTTP routes that authenticate the task and call this are in routes.ts.
import type { CountedSlots, Leave } from '../../lib/counted-slots.ts';
import { type Prices, priceOf } from '../../lib/money.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { ModelHealth, ModelTraits } from '../../protocol/model.ts';
import type { ModelCall } from '../spending/call-usage.ts';
import { type NoRoom, type RateLimits, sharedAccount } from './account-limits.ts';
import { type Asking, askModels } from './ask-models.ts';
import { CallMeter } from './call-meter.ts';
import {
  type CallRecords,
  createCallRecords,
  type LlmLog,
  openModelCall,
  type RecordCall,
} from './call-records.ts';
import { CALL_LIMITS, type CallLimits } from './call-signal.ts';
import { type ChatRequest, parseChatRequest } from './chat-request.ts';
import { HealthOfModels } from './model-health.ts';
import { type ModelProfile, USUAL_PROFILE, withSampling } from './model-profile.ts';
import { RateLimitedQueue } from './rate-limited-queue.ts';
import { RefusedFields } from './refused-fields.ts';
import { modelList, type ServedModels, servedModels } from './served-models.ts';
import { type Upstream, upstreamOf } from './upstream.ts';
import { completeUpstream } from './upstream-completion.ts';
import { UpstreamFailure } from './upstream-failure.ts';
import { wouldWait } from './waiting.ts';

export interface LlmGatewayOptions {
  /** The default models are those of the first. */
  upstreams: readonly [Upstream, ...Upstream[]];
  /** What is served and nothing else; null: all that the upstreams have. */
  allowedModels: readonly string[] | null;
  prices: Prices;
  /** What is known of a model; without it nothing is of any. */
  profileOf?(model: string): ModelProfile;
  /**
   * Called before each call of a model; what it throws refuses the call. `recordCall` is given its answer.
   * @param meter tells from then on what the call takes
   */
  reserve(taskId: string, request: ChatRequest, signal: AbortSignal, meter: CallMeter): Promise<string>;
  /** Called once for each call of a model, before the caller sees the end of the answer. */
  recordCall: RecordCall;
  /** Counts a request to an upstream's account against limits that all servers share. */
  countRequest(account: string, limits: RateLimits): Promise<NoRoom | null>;
  /** Where calls under way at a time are counted by all processes together; missing: by each. */
  sharedSlots?: CountedSlots | undefined;
  /** Called when a task's call waits for its model, with what is to be said of it. Must not throw. */
  onWait?(taskId: string, text: string): void;
  log: LlmLog;
  fetch?: typeof fetch;
  limits?: Partial<CallLimits>;
}

/** Who pays for a call that belongs to no task. */
export interface Payer {
  /** Called before a call of a model; what it throws refuses the call. `record` is given what it took, once. */
  reserve(request: ChatRequest): Promise<{ record(call: ModelCall): Promise<void> }>;
}

/** Whose call it is. */
interface Caller {
  /** Of a call that belongs to no task: the key that makes it. */
  taskId: string;
  payer?: Payer;
  /** Told of what each call comes to, from its beginning. */
  watch?(meter: CallMeter): void;
  /** Calls are left as the model writes them, whatever is known of it. */
  asWritten?: boolean;
  /** The task's model; a request for another one is refused. */
  model: string;
  /** Asked in this order when that one cannot answer. */
  fallbackModels?: readonly string[];
  /** What is left until the task's deadline; unknown: nothing bounds it. */
  leftMs?: number;
  /** Aborts when the caller is gone. */
  signal: AbortSignal;
}

export interface LlmGateway
  extends Pick<ServedModels, 'defaultModels' | 'named' | 'servesOthers' | 'knows' | 'refuseUnknown'>,
    Pick<CallRecords, 'allRecorded'> {
  /** Whether it is known what calls of a model cost: by the price list, or as the upstream tells every time. */
  hasPrice(model: string): boolean;
  /** Who serves a model, in the words of OpenTelemetry's GenAI conventions (gen_ai.provider.name). */
  providerOf(model: string): string;
  /** What is known of a model. */
  profileOf(model: string): ModelProfile;
  /** The part of it that an agent must know. */
  traitsOf(model: string): ModelTraits;
  /** Whether a model answers, as this server's calls found. */
  healthOf(model: string): ModelHealth;
  /** Those that failed and have not answered since. */
  ailingModels(): string[];
  /** The body of GET /llm/v1/models. */
  models(): ReturnType<typeof modelList>;
  /**
   * Answers one chat completion: JSON, or an event stream when the body asks for it. Throws invalid_input,
   * field_not_allowed, unknown_model, what `reserve` throws and, until the answer has begun, llm_unavailable.
   * @param body the parsed JSON of the request
   */
  chatCompletions(body: unknown, caller: Caller): Promise<Response>;
}

const NO_SLOT_NEEDED: Leave = () => undefined;

/** Throws invalid_settings when the default models are not served. */
export function createLlmGateway(options: LlmGatewayOptions): LlmGateway {
  const { upstreams, prices, log, fetch = globalThis.fetch, profileOf = () => USUAL_PROFILE } = options;
  const limits = { ...CALL_LIMITS, ...options.limits };
  const served = servedModels(upstreams, options.allowedModels);
  const health = new HealthOfModels(() => performance.now());
  const queues = new Map(upstreams.map((upstream) => [upstream, queueOf(upstream, options)]));
  const enterQueue = async (upstream: Upstream, model: string, taskId: string, gone: AbortSignal) => {
    const queue = queues.get(upstream);
    return queue?.account.counts(model) ? await queue.slots.enter(taskId, gone) : NO_SLOT_NEEDED;
  };
  const records = createCallRecords(log);
  const refusedFields = new RefusedFields();
  const payerOf = async (taskId: string, ...planned: [ChatRequest, AbortSignal, CallMeter]) => {
    const reservation = await options.reserve(taskId, ...planned);
    return { record: (call: ModelCall) => options.recordCall(taskId, call, reservation) };
  };

  /** One call of one model: metered, whatever comes of it. */
  const ask = async (
    asked: ChatRequest,
    model: string,
    { taskId, signal, payer, watch, asWritten = false }: Caller,
    { until, taskUntil, ...asking }: Asking & { until: number; taskUntil: number },
  ): Promise<Response> => {
    const upstream = upstreamOf(upstreams, model);
    if (upstream === null) throw served.unknown(model);
    const profile = refusedFields.without(model, profileOf(model));
    const request = withSampling(asked, profile);
    const meter = new CallMeter(request);
    watch?.(meter);
    const planned = { ...request, model };
    const { record: write } = payer ? await payer.reserve(planned) : await payerOf(taskId, planned, signal, meter);
    const record = (call: ModelCall) => records.record(taskId, call, () => write(call));
    const metered = openModelCall(model, { meter, prices, signal }, record);
    const onFailure = (error: SeedError, detail: string) => {
      metered.failed(error.code);
      log.warn({ taskId, model, detail }, error.message);
      // Also when it broke off an answer that had begun, which nobody else can take up.
      if (error instanceof UpstreamFailure && error.blames === 'model') health.failed(model, error);
    };
    try {
      return await completeUpstream(request, {
        upstream,
        model,
        signal,
        meter,
        limits,
        toolCalls: asWritten ? 'native' : profile.toolCalls,
        leftMs: until - performance.now(),
        taskLeftMs: taskUntil - performance.now(),
        ...asking,
        onWait(failure, pauseMs) {
          const text = `the model ${model} cannot answer yet, and is asked again in ${Math.ceil(pauseMs / 1000)} s: ${failure.message}`;
          log.warn({ taskId, model }, text);
          if (payer === undefined) options.onWait?.(taskId, text);
        },
        fetch,
        enterQueue: (gone) => enterQueue(upstream, model, taskId, gone),
        onEnd: metered.end,
        onFailure,
      });
    } catch (error) {
      if (error instanceof SeedError) metered.failed(error.code);
      await metered.end();
      throw error;
    }
  };

  /** Once more without what the gateway had put in and the upstream refuses. */
  const askWithoutRefused: typeof ask = async (asked, model, ...rest) => {
    try {
      return await ask(asked, model, ...rest);
    } catch (error) {
      const profile = refusedFields.without(model, profileOf(model));
      if (!refusedFields.learn(model, asked, profile, error)) throw error;
      return await askWithoutRefused(asked, model, ...rest);
    }
  };

  return {
    ...served,
    hasPrice: (model) => priceOf(prices, model) !== null || upstreamOf(upstreams, model)?.openRouter === true,
    providerOf: (model) => upstreamOf(upstreams, model)?.provider ?? 'openai',
    profileOf,
    traitsOf(model) {
      const { contextTokens, outputTokens, reasoning, tools } = profileOf(model);
      return { contextTokens, outputTokens, reasoning, tools };
    },
    healthOf: (model) => health.of(model),
    ailingModels: () => health.ailing(),
    models: () => modelList(served, upstreams),
    allRecorded: records.allRecorded,
    async chatCompletions(body, caller) {
      const request = parseChatRequest(body);
      const { model, fallbackModels = [] } = caller;
      if (request.model !== model) {
        const shown = JSON.stringify(request.model.slice(0, 200));
        throw new SeedError('unknown_model', `the model ${shown} is not this task's`, {
          hint: `This task's model is ${model}.`,
        });
      }
      const models = [model, ...fallbackModels].filter(served.knows);
      if (models.length === 0) served.refuseUnknown(model);
      const now = performance.now();
      const [until, taskUntil] = [now + limits.totalMs, now + (caller.leftMs ?? Number.POSITIVE_INFINITY)];
      return await askModels({
        models,
        health,
        ask: (next, asking) => askWithoutRefused(request, next, caller, { ...asking, until, taskUntil }),
        wouldWait: (failure) =>
          wouldWait(failure, limits, {
            callMs: until - performance.now(),
            taskMs: taskUntil - performance.now(),
          }),
      });
    },
  };
}

/** Null where nothing limits the calls. */
function queueOf(
  upstream: Upstream,
  { countRequest, sharedSlots }: Pick<LlmGatewayOptions, 'countRequest' | 'sharedSlots'>,
) {
  const account = sharedAccount(upstream, upstream.limits);
  if (account === null) return null;
  const { name, limits } = account;
  const most = limits.concurrent;
  const shared = sharedSlots && most !== null && { takeSlot: () => sharedSlots.take(`calls of ${name}`, most) };
  return { account, slots: new RateLimitedQueue({ limits, count: () => countRequest(name, limits), ...shared }) };
}
