// The body of POST /llm/v1/chat/completions: what the gateway relies on is checked, what could make the upstream
// fetch, store or charge for something else is refused, the rest is passed on.
import { z } from 'zod';
import { SeedError } from '../../protocol/errors.ts';
import { passedFields, refuseForeignTools, refuseReferences } from './request-fields.ts';

const Part = z.looseObject({ type: z.string() });
const Message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(Part)]).nullish(),
});
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
  const request = parsed.data;
  refuseForeignTools(request.tools ?? []);
  refuseReferences(request.messages);
  return passedFields(request);
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

function malformed(where: string, why: string): SeedError {
  return new SeedError('invalid_input', `the chat completion request is malformed at ${where}: ${why}`, {
    hint: 'Send the body of an OpenAI chat completion: model, messages, and optionally stream and tools.',
  });
}

/** The body as the upstream gets it; streams are always told to send their usage. */
export function toUpstreamBody(request: ChatRequest, model: string): Record<string, unknown> {
  const { stream_options: _, ...rest } = request;
  return { ...rest, model, ...(request.stream && { stream_options: { include_usage: true } }) };
}
