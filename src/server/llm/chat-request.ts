// The body of POST /llm/v1/chat/completions: what the gateway relies on is checked, what could make the upstream
// fetch, store or charge for something else is removed, the rest is passed on.
import { z } from 'zod';
import { SeedError } from '../../protocol/errors.ts';

/** Fields that never reach the upstream, with OpenAI's, OpenRouter's and LiteLLM's names. */
// biome-ignore format: one line a group reads better than one a name
export const DROPPED_FIELDS: readonly string[] = [
  // Stored by the upstream, or read from what it stores.
  'store', 'metadata', 'prompt_cache_retention', 'conversation', 'previous_response_id', 'background', 'preset',
  'prompt', 'session_id', 'trace', 'user', 'safety_identifier', 'callbacks',
  // Fetched by the upstream.
  'web_search_options', 'plugins', 'mcp_servers', 'container', 'file_ids', 'search_parameters', 'data_sources',
  // Another model, another price or another place.
  'models', 'route', 'provider', 'providerOptions', 'service_tier', 'fallbacks', 'api_base', 'base_url', 'api_key',
  'api_version', 'custom_llm_provider', 'extra_body', 'extra_headers', 'headers',
];

/** Tools that the agent runs itself; all other types are run by the upstream, with its network. */
const OWN_TOOL_TYPES: readonly string[] = ['function', 'custom'];

/** Keys in a content part that may hold `data:` URLs only. */
const LINK_KEYS: readonly string[] = [
  'url',
  'image_url',
  'video_url',
  'audio_url',
  'file_url',
  'file_data',
  'source',
];
const REMOVED_PART = { type: 'text', text: '[A reference to a file outside this conversation was removed.]' };

const Part = z.looseObject({ type: z.string() });
const Message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(Part)]).nullish(),
});
const Tool = z.looseObject({ type: z.string() });

export const ChatRequest = z.looseObject({
  model: z.string(),
  messages: z.array(Message).min(1).max(20_000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({}).nullish(),
  tools: z.array(Tool).max(1_000).nullish(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;
export type ChatMessage = z.infer<typeof Message>;

/** Checks the body; throws invalid_input with the first thing that is wrong. */
export function parseChatRequest(body: unknown): ChatRequest {
  const parsed = ChatRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') || 'body';
  throw new SeedError(
    'invalid_input',
    `the chat completion request is malformed at ${where}: ${issue?.message}`,
    {
      hint: 'Send the body of an OpenAI chat completion: model, messages, and optionally stream and tools.',
    },
  );
}

function isReference(key: string, value: unknown): boolean {
  if (key === 'file_id') return true;
  if (typeof value === 'string') return LINK_KEYS.includes(key) && !/^data:/i.test(value);
  return typeof value === 'object' && value !== null && hasReference(value);
}

function hasReference(value: object): boolean {
  return Object.entries(value).some(([key, entry]) => isReference(key, entry));
}

function cleanMessage(message: ChatMessage): ChatMessage {
  if (!Array.isArray(message.content)) return message;
  const content = message.content.map((part) =>
    part.type !== 'text' && hasReference(part) ? REMOVED_PART : part,
  );
  return { ...message, content };
}

/** The body as the upstream gets it; streams are always told to send their usage. */
export function toUpstreamBody(request: ChatRequest): Record<string, unknown> {
  const { stream_options, ...rest } = request;
  const kept = Object.fromEntries(Object.entries(rest).filter(([name]) => !DROPPED_FIELDS.includes(name)));
  kept['messages'] = request.messages.map(cleanMessage);
  if (request.tools) kept['tools'] = request.tools.filter((tool) => OWN_TOOL_TYPES.includes(tool.type));
  if (request.stream) kept['stream_options'] = { ...stream_options, include_usage: true };
  return kept;
}
