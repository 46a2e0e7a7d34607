// Answers a chat completion request as OpenAI would, in JSON or as an event stream. Used by upstream.ts alone.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SCRIPTED_MODEL } from '../protocol/model.ts';
import { nextStep } from './next-step.ts';
import type { Playbook, Step } from './playbook.ts';

const Message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({}))]).nullish(),
});
const Tool = z.looseObject({ function: z.looseObject({ name: z.string() }).optional().catch(undefined) });

/** The part of a request that is looked at; whatever else it has is ignored, as many upstreams do. */
export const CompletionRequest = z.looseObject({
  model: z.literal(SCRIPTED_MODEL),
  messages: z.array(Message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z.array(Tool).nullish(),
});
type CompletionRequest = z.infer<typeof CompletionRequest>;

const NO_BASH = 'The model `scripted` acts through a tool named `bash`, and this request offers none.';
/** Length of one text chunk of a stream. */
const CHUNK_CHARACTERS = 1_000;
const BYTES_PER_TOKEN = 4;

interface Completion {
  /** The same request gets the same id, another step of the same conversation gets another. */
  id: string;
  created: number;
  step: Step;
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
}

/** @param now in milliseconds since 1970 */
export function complete(
  request: CompletionRequest,
  playbooks: readonly Playbook[],
  now: number,
): { contentType: string; body: string } {
  const { messages, tools, stream, stream_options: options } = request;
  const wanted = nextStep(messages, playbooks);
  const hasBash = (tools ?? []).some((tool) => tool.function?.name === 'bash');
  const step: Step = wanted.kind === 'bash' && !hasBash ? { kind: 'answer', text: NO_BASH } : wanted;
  const completion: Completion = {
    id: createHash('sha256').update(JSON.stringify(messages)).digest('hex').slice(0, 24),
    created: Math.floor(now / 1000),
    step,
    usage: usageOf(request, step),
  };
  if (!stream) return { contentType: 'application/json', body: JSON.stringify(asJson(completion)) };
  const chunks = asChunks(completion, options?.include_usage === true);
  const events = [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'];
  const body = events.map((event) => `data: ${event}\n\n`).join('');
  return { contentType: 'text/event-stream; charset=utf-8', body };
}

/** Token counts made from the length of the texts: the same for the same text. */
function usageOf({ messages, tools }: CompletionRequest, step: Step): Completion['usage'] {
  const tokens = (text: string) => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
  const prompt = tokens(JSON.stringify([messages, tools ?? []]));
  // At least one, however short the text.
  const completion = Math.max(1, tokens(step.kind === 'bash' ? step.command : step.text));
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function header({ id, created }: Completion, object: string) {
  return { id: `chatcmpl-${id}`, object, created, model: SCRIPTED_MODEL };
}

function toolCall({ id }: Completion, command: string) {
  const called = { name: 'bash', arguments: JSON.stringify({ command }) };
  return { id: `call_${id}`, type: 'function', function: called };
}

function finishReason(step: Step): string {
  return step.kind === 'bash' ? 'tool_calls' : 'stop';
}

function asJson(completion: Completion): object {
  const { step, usage } = completion;
  const message =
    step.kind === 'bash'
      ? { role: 'assistant', content: null, refusal: null, tool_calls: [toolCall(completion, step.command)] }
      : { role: 'assistant', content: step.text, refusal: null };
  return {
    ...header(completion, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(step) }],
    usage,
  };
}

function asChunks(completion: Completion, tellsUsage: boolean): object[] {
  const { step, usage } = completion;
  const head = header(completion, 'chat.completion.chunk');
  const choice = (delta: object, finish_reason: string | null = null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...(tellsUsage && { usage: null }),
  });
  const deltas =
    step.kind === 'bash'
      ? [{ tool_calls: [{ index: 0, ...toolCall(completion, step.command) }] }]
      : splitText(step.text).map((content) => ({ content }));
  return [
    choice({ role: 'assistant', content: step.kind === 'bash' ? null : '' }),
    ...deltas.map((delta) => choice(delta)),
    choice({}, finishReason(step)),
    ...(tellsUsage ? [{ ...head, choices: [], usage }] : []),
  ];
}

/** By whole characters, so that no chunk ends in the middle of one. */
function splitText(text: string): string[] {
  const characters = [...text];
  const chunks: string[] = [];
  for (let from = 0; from < characters.length; from += CHUNK_CHARACTERS) {
    chunks.push(characters.slice(from, from + CHUNK_CHARACTERS).join(''));
  }
  return chunks;
}
