// The body of POST /llm/v1/chat/completions: what the gateway relies on is checked, what could make the upstream
// fetch, store or charge for something else is refused. Fields go upstream by a list of what may (docs/models.md):
// upstreams invent fields faster than anyone could forbid them.
import { z } from 'zod';
import { isDeeperThan } from '../../lib/json.ts';
import { SeedError } from '../../protocol/errors.ts';
import { returnedMessages } from './returned-calls.ts';

const Part = z.looseObject({ type: z.string() });
const Message = z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Part)]).nullish() });
const Tool = z.looseObject({ type: z.string() });

const ChatRequest = z.looseObject({
  model: z.string(),
  messages: z.array(Message).min(1).max(20_000),
  stream: z.boolean().nullish(),
  tools: z.array(Tool).max(1_000).nullish(),
  n: z.literal(1, 'one answer is all there is').nullish(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

/** Deeper than any tool's schema; what is nested deeper could exhaust the stack of whoever reads it. */
const DEPTH = 100;

/** Checks the body. @throws SeedError invalid_input, field_not_allowed: the first thing that is wrong */
export function parseChatRequest(body: unknown): ChatRequest {
  if (isDeeperThan(DEPTH, body)) throw malformed('body', `nested deeper than ${DEPTH} levels`);
  const parsed = ChatRequest.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw malformed(issue?.path.join('.') || 'body', issue?.message ?? 'not a request');
  }
  refuseForeignTools(parsed.data.tools ?? []);
  refuseReferences(parsed.data.messages);
  return passedFields(parsed.data);
}

function malformed(where: string, why: string): SeedError {
  return new SeedError('invalid_input', `the chat completion request is malformed at ${where}: ${why}`, {
    hint: 'Send the body of an OpenAI chat completion: model, messages, and optionally stream and tools.',
  });
}

/** The body as the upstream gets it; streams are always told to send their usage. */
export function toUpstreamBody(request: ChatRequest, model: string): Record<string, unknown> {
  const { stream_options: _, ...rest } = request;
  const messages = returnedMessages(request.messages, model);
  return { ...rest, messages, model, ...(request.stream && { stream_options: { include_usage: true } }) };
}

/** OpenAI's names and those that OpenRouter, vLLM and others have for the same: what to answer, and how. */
// biome-ignore format: one line a group reads better than one a name
export const PASSED_FIELDS: readonly string[] = [
  'model', 'messages', 'stream', 'stream_options', 'n',
  'tools', 'tool_choice', 'parallel_tool_calls', 'functions', 'function_call',
  'max_tokens', 'max_completion_tokens', 'stop', 'response_format', 'verbosity',
  'temperature', 'top_p', 'top_k', 'top_a', 'min_p', 'seed', 'logit_bias', 'logprobs', 'top_logprobs',
  'frequency_penalty', 'presence_penalty', 'repetition_penalty',
  'reasoning', 'reasoning_effort', 'include_reasoning', 'thinking', 'enable_thinking',
];

/** Tools that the agent runs itself; all other types are run by the upstream, with its network. */
const OWN_TOOL_TYPES: readonly string[] = ['function', 'custom'];

/** Keys under which an image, a sound or a file stands in a message, as a `data:` URL or its bytes. */
export const ATTACHMENT_KEYS = ['url', 'image_url', 'video_url', 'audio_url', 'file_url', 'file_data'] as const;
/** Keys in a message that may hold `data:` URLs only. */
const LINK_KEYS: readonly string[] = [...ATTACHMENT_KEYS, 'source'];
/** Keys that name something which the upstream keeps. */
const KEPT_KEYS: readonly string[] = ['file_id', 'audio_id', 'container_id'];

/** What a client sends to say that it does not want something, such as `store: false`. */
function isOff(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/**
 * The fields that may go upstream.
 * @throws SeedError field_not_allowed for others, unless they are switched off
 */
function passedFields<Request extends object>(request: Request): Request {
  const fields = Object.entries(request);
  const refused = fields.find(([name, value]) => !PASSED_FIELDS.includes(name) && !isOff(value));
  if (refused) throw notAllowed(refused[0].slice(0, 200), 'is not passed on to the model');
  return Object.fromEntries(fields.filter(([name]) => PASSED_FIELDS.includes(name))) as Request;
}

/** @throws SeedError field_not_allowed for a tool that the upstream would run */
function refuseForeignTools(tools: readonly { type: string }[]): void {
  const index = tools.findIndex(({ type }) => !OWN_TOOL_TYPES.includes(type));
  if (index === -1) return;
  const type = JSON.stringify(tools[index]?.type.slice(0, 100));
  throw notAllowed(`tools.${index}`, `is of the type ${type}, which the upstream would run itself`);
}

/** @throws SeedError field_not_allowed for what the upstream would have to fetch, or has stored */
function refuseReferences(messages: readonly object[]): void {
  for (const [index, message] of messages.entries()) {
    const path = referenceIn(message, `messages.${index}`);
    if (path === null) continue;
    throw notAllowed(path, 'points to something outside this conversation; send the bytes as a data: URL');
  }
}

/** The path of the first reference. Texts are only texts: what stands in them is nobody's to fetch. */
function referenceIn(value: object, path: string): string | null {
  if ('type' in value && value.type === 'text') return null;
  for (const [key, entry] of Object.entries(value)) {
    const place = `${path}.${key}`;
    if (isReference(key, entry)) return place;
    if (typeof entry !== 'object' || entry === null) continue;
    const inner = referenceIn(entry, place);
    if (inner !== null) return inner;
  }
  return null;
}

function isReference(key: string, value: unknown): boolean {
  if (KEPT_KEYS.includes(key)) return !isOff(value);
  // An answer of the model's as sound, by the id under which the upstream keeps it.
  if (key === 'audio') return typeof value === 'object' && value !== null && 'id' in value;
  return typeof value === 'string' && LINK_KEYS.includes(key) && !/^data:/i.test(value);
}

function notAllowed(what: string, why: string): SeedError {
  return new SeedError('field_not_allowed', `${what} ${why}`, {
    hint: 'Leave it out. docs/models.md lists what is passed on.',
  });
}
